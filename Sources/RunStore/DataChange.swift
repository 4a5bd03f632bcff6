package import LocalFiles
package import RunMetadata

/// One change to a run's metadata, or to one of its artifacts. A writer turns a body into changes; the store makes them
/// durable and applies them together.
package enum DataChange: Sendable {
    /// Write a file whole.
    case put(DataPath, [UInt8])
    /// Remove a file, if it is there.
    case remove(DataPath)
    /// Append rows of metrics.
    case rows(MetricsRows)
    /// Replace the metrics by a whole frame.
    case frame(MetricsReplacement)
    /// Append bytes to a file. If there is none yet, the head comes first.
    case append(DataPath, head: [UInt8], [UInt8])
    /// Publish a staged and synced file. `over`: the version that it was made from, which must still be there; nil:
    /// any.
    case publish(StagingFile, DataPath, over: BlobVersion? = nil)
    /// Publish a staged and synced file as an artifact, if the present one meets the condition.
    case artifact(StagingFile, ArtifactPath, if: FileCondition)
    /// Remove an artifact, if it meets the condition.
    case removeArtifact(ArtifactPath, if: FileCondition)
    /// Publish a staged and synced folder, all at once, in place of the version from which it took over what it does
    /// not have itself; nil: there was none (`LocalMetadata`).
    case publishFolder(StagedFolder, DataPath, over: BlobVersion?)
    /// The source has this script, among these files (paths in the source). It becomes the run's `script`, unless that
    /// already names a file which tfruns can open there.
    case script(String, among: [String])
    /// End the run, if it has not ended.
    case end(completed: Bool)

    /// Whether the change ends the run.
    package var endsTheRun: Bool { if case .end = self { true } else { false } }

    /// Whether the change appends rows.
    package var isRows: Bool { if case .rows = self { true } else { false } }
}

extension DataChange {
    /// Write a named list: as tfruns reads it, and as it was sent.
    package static func put(_ path: DataPath, _ list: NamedListFiles) -> [DataChange] {
        let file = DataChange.put(path, list.file)
        guard let exact = path.sent else { return [file] }
        return [file, list.sent.map { .put(exact, $0) } ?? .remove(exact)]
    }
}

/// Whether a write may go on, given the version of the present file; nil: there is no file.
package typealias FileCondition = @Sendable (BlobVersion?) -> Bool

/// A document that can be patched.
package enum PatchedDocument: Sendable {
    case file(DataPath)
    case properties
}

/// What a run starts with.
package struct RunStart: Sendable {
    /// Flags, where they were given.
    package var flags: NamedListFiles?
    /// Properties that were given, each with the content of its file.
    package var properties: [(name: PropertyName, file: [UInt8])] = []

    package init() {}

    /// The properties of a run for which no others are given (tfruns' `training_run()` writes the same).
    /// - Parameter seconds: the time, since 1970
    package static func defaults(of run: RunID, at seconds: Double) -> [(name: PropertyName, text: String)] {
        [
            (.type, "training"), (.context, "remote"), (.script, run.description),
            (.start, PropertyText.seconds(seconds)), (.completed, "FALSE"),
        ]
    }
}

/// A whole frame of metrics that replaces all present ones.
package struct MetricsReplacement: Sendable {
    /// When it replaces them.
    package enum Condition: Sendable {
        case always
        /// Unless the run has more rows.
        case unlessShorter
        /// If the frame begins with the present rows, or there are none. Otherwise `otherwise` is appended; if that is
        /// nil, the write is refused.
        case continuing(otherwise: MetricsRows?)

        /// Whether nothing is compared, so that the present metrics need not be read.
        package var isAlways: Bool { if case .always = self { true } else { false } }
    }

    /// The text of `metrics.json`.
    package let text: [UInt8]
    package let rowCount: Int
    package let condition: Condition

    package init(text: [UInt8], rowCount: Int, _ condition: Condition = .always) {
        (self.text, self.rowCount, self.condition) = (text, rowCount, condition)
    }
}
