internal import Glibc

/// Waits: a millisecond between two looks at a condition, more for the steps of a file system's clock.
package func pause(milliseconds: UInt32 = 1) { usleep(1000 * milliseconds) }
