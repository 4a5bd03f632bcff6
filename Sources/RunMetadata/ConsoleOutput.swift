/// A run's console output. tfruns stores it as a property, but it grows while the run is running.
package enum ConsoleOutput {
    /// The most bytes that are shown as a property and a column; longer output has its own route.
    package static let longestProperty = 4096

    /// Whether a property is output that is too long to be shown as a property.
    package static func isTooLong(_ property: String, size: Int) -> Bool {
        size > longestProperty && property == PropertyName.output.description
    }
}
