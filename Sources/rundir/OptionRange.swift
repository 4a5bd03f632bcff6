import ArgumentParser

/// The range of an option with a number.
enum OptionRange {
    /// - Throws: if the value is outside
    static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("--\(name) is \(value); it has to be from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
