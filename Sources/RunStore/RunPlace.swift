/// Where a run is: one of three places, between which it moves as a whole.
package enum RunPlace: UInt8, Sendable {
    // The numbers are stored in journals.
    case initialised = 1
    case archived = 2
    case pending = 3
}
