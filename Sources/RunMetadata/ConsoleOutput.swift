/// A run's console output. tfruns has it among the properties, but it grows as the run goes on.
package enum ConsoleOutput {
    /// Bytes up to which it is shown as a property and a column; longer output is read by itself.
    package static let longestProperty = 4096

    /// Whether the file of a property is output that is too long to be shown as one.
    package static func isTooLong(_ property: String, size: Int) -> Bool {
        size > longestProperty && property == PropertyName.output.description
    }
}
