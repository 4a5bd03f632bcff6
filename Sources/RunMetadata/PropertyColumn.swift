internal import JSON

/// The column of a property in a listing: its own name, or `property_` and its name where that is a column of something else,
/// so that neither hides the other: `status`, `run`, `flag_lr`.
struct PropertyColumn {
    static let prefix = "property_"

    /// Columns that are not properties, and what columns of flags, metrics and evaluations begin with.
    private static let others: Set<String> = [
        "run", "status", "updated", "links", "error_message", "error_traceback", "steps_completed", "epochs_completed",
    ]
    private static let prefixes = ["flag_", "metric_", "eval_", prefix]

    let name: String
    let value: JSONValue

    /// The column of a property. A text that is none of what the property has to be, such as `start` of "yesterday", does not
    /// stand among those that are.
    /// - Returns: nil where what it has to be is missing, as R writes that
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
