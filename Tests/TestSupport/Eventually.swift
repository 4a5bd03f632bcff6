import Glibc

/// Asks again and again until something is so.
/// - Returns: whether it became so within that many seconds
package func eventually(within seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
        if try condition() { return true }
        if ContinuousClock.now > deadline { return false }
        usleep(1000)
    }
}
