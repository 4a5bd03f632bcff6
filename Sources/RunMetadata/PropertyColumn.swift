internal import JSON

/// The column of a property in a listing: its own name, or `property_` and its name if another column has that name
/// (`status`, `run`, `flag_lr`). So neither hides the other.
struct PropertyColumn {
    static let prefix = "property_"

    /// Columns that are not properties, and the prefixes of columns of flags, metrics and evaluations.
    private static let others: Set<String> = [
        "run", "status", "updated", "links", "error_message", "error_traceback", "steps_completed", "epochs_completed",
    ]
    private static let prefixes = ["flag_", "metric_", "eval_", prefix]

    let name: String
    let value: JSONValue

    /// The column of a property. A text that does not have the property's type, such as "yesterday" for `start`, gets
    /// the prefix.
    /// - Returns: nil if the value of a typed property is missing as R writes it
    init?(_ property: String, _ text: String) {
        if let typed = TypedProperty(property) {
            if let typedValue = typed.value(text) {
                (name, value) = (property, typedValue)
                return
            }
            if TypedProperty.isMissing(text) { return nil }
            (name, value) = (Self.prefix + property, .string(text))
            return
        }
        let isOther =
            Self.others.contains(property) || Self.prefixes.contains { property.utf8.starts(with: $0.utf8) }
        (name, value) = (isOther ? Self.prefix + property : property, .string(text))
    }
}
