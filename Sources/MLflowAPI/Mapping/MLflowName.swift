internal import HTTPServer
internal import Limits
internal import RunMetadata

/// Names of MLflow, and the corresponding names in a run.
///
/// Names are the same on both sides, except those that have a meaning of their own in a run. In these, the first byte
/// is written as an escape, `%73tep` for `step`. MLflow's names have no `%`, so the mapping can be reversed.
enum MLflowName {
    /// The most characters of a name (mlflow/utils/validation.py, MAX_ENTITY_KEY_LENGTH), as Python counts them:
    /// Unicode scalars.
    static let longest = 250

    /// The property that names a run's experiment by its id, and the one that says the experiment's name when the run
    /// began.
    static let experimentID = PropertyName("mlflow.experiment_id")!
    static let experiment = PropertyName("experiment")!
    /// The property that marks runs with logged models.
    static let models = PropertyName("mlflow.logged_models")!

    /// Properties that are not tags: Rundir's, tfruns', and those above. `epochs` and other properties that tfruns
    /// reads as numbers are shown as tags, but a tag of that name is stored under an escaped name, since it may be any
    /// text.
    private static let hidden: Set<String> = [
        "type", "context", "script", "start", "end", "completed", "output", "metrics", "experiment",
        "mlflow.experiment_id", "mlflow.logged_models",
    ]

    static func isTag(property: String) -> Bool { !hidden.contains(property) }

    /// The property of a tag; nil if the name is too long for one.
    static func property(ofTag tag: String) -> PropertyName? {
        let isReserved = hidden.contains(tag) || TypedProperty(tag) != nil || tag == "." || tag == ".."
        return PropertyName(escaped(tag, isReserved: isReserved))
    }

    /// The tag of a property.
    static func tag(ofProperty property: String) -> String { unescaped(property) }

    /// The column of a tag in listings and queries.
    static func column(ofTag tag: String) -> String? {
        property(ofTag: tag).map { column(ofProperty: $0.description) }
    }

    /// Columns whose names properties cannot have (`PropertyColumn`).
    private static let columns: Set<String> = [
        "run", "status", "updated", "links", "error_message", "error_traceback", "steps_completed", "epochs_completed",
    ]
    private static let prefixes = ["flag_", "metric_", "eval_", "property_"]

    static func column(ofProperty property: String) -> String {
        let isOther = columns.contains(property) || prefixes.contains { property.utf8.starts(with: $0.utf8) }
        return isOther ? "property_" + property : property
    }

    /// The property that a column shows; nil if it shows something else.
    static func property(ofColumn column: String) -> String? {
        if columns.contains(column) { return nil }
        if column.utf8.starts(with: "property_".utf8) { return String(column.dropFirst("property_".count)) }
        return prefixes.contains { column.utf8.starts(with: $0.utf8) } ? nil : column
    }

    /// The column of a metric among a run's rows.
    static func row(ofMetric metric: String) -> String {
        escaped(metric, isReserved: [MetricsColumnRole.step, .time, .frame].contains(MetricsColumnRole(metric)))
    }

    static func metric(ofRow name: String) -> String { unescaped(name) }

    /// Checks the name of a metric, a param or a tag as MLflow does: letters, digits, `_`, `-`, `.`, space, `:` and
    /// `/`, and no path that leads elsewhere.
    static func check(_ name: String, _ what: String) throws(MLflowError) {
        if name.isEmpty { throw .missing("key") }
        try check(name, atMost: longest, "The \(what.lowercased()) name '\(name.shown(atMost: 100))'")
        let isAllowed = name.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil || "_-. :/".unicodeScalars.contains($0)
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if !isAllowed {
            throw .invalid(
                "Invalid value \"\(name)\" for the \(what.lowercased()) name: Names may only contain alphanumerics, "
                    + "underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/).")
        }
        if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            throw .invalid("Invalid value \"\(name)\" for the \(what.lowercased()) name: it is not a plain path.")
        }
    }

    /// Refuses a text with too many characters. Counts Unicode scalars: a single Swift `Character` may be of any size.
    static func check(_ text: String, atMost most: Int, _ what: String) throws(MLflowError) {
        let count = text.unicodeScalars.count
        if count > most { throw .invalid("\(what) has \(count) characters; \(most) are the most") }
    }

    private static func escaped(_ name: String, isReserved: Bool) -> String {
        var text = ""
        for (place, scalar) in name.unicodeScalars.enumerated() {
            let isPlain =
                scalar != "/" && scalar != "%" && scalar.properties.generalCategory != .control
                && !(isReserved && place == 0)
            if isPlain {
                text.unicodeScalars.append(scalar)
            } else {
                for byte in String(scalar).utf8 {
                    let digits = String(byte, radix: 16, uppercase: true)
                    text += byte < 16 ? "%0\(digits)" : "%\(digits)"
                }
            }
        }
        return text
    }

    private static func unescaped(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "%")) else { return name }
        return PercentEncoding.decode(name) ?? name
    }
}
