internal import JSON

/// The names of all files and folders on disk.
///
/// It is the layout that R's tfruns reads: `<runs>/<run id>/tfruns.d/…`.
package enum RunLayout {
    /// Below the runs directory.
    package static let archive = "archive"
    package static let own = ".rundir"

    /// Below a run directory: where metadata is written.
    package static let dataDirectory = "tfruns.d"

    /// Below `.rundir`.
    package enum Own {
        package static let index = "index.sqlite"
        package static let lock = "lock"
        package static let journal = "journal"
        package static let pending = "pending"
        package static let sessions = "sessions"
        package static let senders = "senders"
        package static let staging = "staging"
        package static let uploads = "uploads"
        package static let imports = "import"
        package static let exports = "export"
        package static let applied = "applied"
        package static let documents = "documents"
        package static let tokens = "tokens"
        package static let audit = "audit"
    }

    /// The start of a pending folder's name if it belongs to a session without an active run. No run id starts with it.
    package static let sessionMark = "@"
}

/// A path in a run's data directory, one or more safe components.
package struct DataPath: Hashable, Sendable, CustomStringConvertible {
    private let text: ExactText

    package var description: String { text.text }

    package static let flags = DataPath(checked: "flags.json")
    package static let evaluation = DataPath(checked: "evaluation.json")
    package static let error = DataPath(checked: "error.json")
    package static let metricsRows = DataPath(checked: "metrics.ndjson")
    /// The rows before the last replacement.
    package static let earlierMetricsRows = DataPath(checked: "metrics.1.ndjson")
    package static let metricsFrame = DataPath(checked: "metrics.json")
    package static let source = DataPath(checked: "source.tar.gz")

    /// The error of an attempt before the run was resumed, counted from 1.
    package static func earlierError(_ number: Int) -> DataPath { DataPath(checked: "errors/\(number).json") }

    /// The folder of properties.
    package static let properties = "properties"
    /// The console output, which tfruns stores as a property.
    package static let output = property(.output)

    /// The folder of lists as they were sent, for lists that tfruns cannot read in that form.
    private static let sentFolder = "sent"
    package static let sentFlags = DataPath(checked: "\(sentFolder)/flags.json")
    package static let sentEvaluation = DataPath(checked: "\(sentFolder)/evaluation.json")

    /// The path of the exact list of a file; nil for files that are exact themselves.
    package var sent: DataPath? {
        switch self {
        case .flags: .sentFlags
        case .evaluation: .sentEvaluation
        default: nil
        }
    }

    /// Whether it is a JSON document that R's tfruns writes too.
    package var isDocument: Bool { [.flags, .evaluation, .error, .metricsFrame].contains(self) || isSent }

    /// Whether it is the exact list of another file.
    package var isSent: Bool { self == .sentFlags || self == .sentEvaluation }

    /// A property's file.
    package static func property(_ name: PropertyName) -> DataPath {
        DataPath(checked: "\(properties)/\(name.description)")
    }

    /// The components.
    package var components: [String] {
        description.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Nil for an absolute path, an empty, `.` or `..` component, a NUL, or over 4096 bytes (PATH_MAX).
    package init?(_ text: String) {
        guard !text.isEmpty, !text.utf8.contains(0),
            text.utf8.count <= 4096,
            text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy({
                !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) && $0.count <= 255
            })
        else { return nil }
        self.text = ExactText(text)
    }

    /// Whether the file or a folder above it belongs to a standard type. Custom writers must not make it.
    package var isOfStandardType: Bool {
        let first = components.first ?? ""
        let files: [DataPath] = [.flags, .evaluation, .error, .metricsRows, .metricsFrame, .source]
        return first == Self.properties || first == Self.sentFolder || files.contains { $0.description == first }
    }

    private init(checked: String) { text = ExactText(checked) }

    /// The property that this file stores; nil for other files.
    package var property: PropertyName? {
        // Compares bytes: a file system sees a "/" even if a combining character follows it.
        let prefix = (Self.properties + "/").utf8
        guard description.utf8.starts(with: prefix) else { return nil }
        return PropertyName(String(decoding: description.utf8.dropFirst(prefix.count), as: UTF8.self))
    }
}
