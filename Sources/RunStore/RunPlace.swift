/// Where a run is: in one of three places, between which it moves as a whole.
package enum RunPlace: UInt8, Sendable {
    // The numbers stand in journals.
    case initialised = 1
    case archived = 2
    case pending = 3
}
