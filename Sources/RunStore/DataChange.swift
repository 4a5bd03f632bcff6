package import LocalFiles
package import RunMetadata

/// One change in a run's data directory, or of an artifact beside it. A writer turns a body into changes; the store
/// makes them durable and applies them together.
package enum DataChange: Sendable {
    /// Write a file whole.
    case put(DataPath, [UInt8])
    /// Remove a file, if it is there.
    case remove(DataPath)
    /// Append rows of metrics.
    case rows(MetricsRows)
    /// Replace the metrics by a whole frame.
    case frame(MetricsReplacement)
    /// Append bytes to a file, behind a head where there is none yet.
    case append(DataPath, head: [UInt8], [UInt8])
    /// Publish a file that was staged and synced; in place of the version that it was made from, where it was.
    case publish(StagingFile, DataPath, over: BlobVersion? = nil)
    /// Publish a file that was staged and synced as an artifact, if the one that is there is as asked for.
    case artifact(StagingFile, ArtifactPath, if: FileCondition)
    /// Remove an artifact, likewise.
    case removeArtifact(ArtifactPath, if: FileCondition)
    /// Publish a folder that was staged and synced, all at once, in place of the version from which it took over what
    /// it does not have itself; nil: there was none (`LocalMetadata`).
    case publishFolder(StagedFolder, DataPath, over: BlobVersion?)
    /// The source has this script, among these files (paths in it): it becomes the run's `script`, unless what that
    /// says is one that tfruns can open there.
    case script(String, among: [String])
    /// End the run, if it has not ended.
    case end(completed: Bool)

    /// Whether the change ends the run.
    package var endsTheRun: Bool { if case .end = self { true } else { false } }

    /// Whether the change appends rows.
    package var isRows: Bool { if case .rows = self { true } else { false } }
}

extension DataChange {
    /// Write a named list whole, as tfruns reads it and as it was sent.
    package static func put(_ path: DataPath, _ list: NamedListFiles) -> [DataChange] {
        let file = DataChange.put(path, list.file)
        guard let exact = path.sent else { return [file] }
        return [file, list.sent.map { .put(exact, $0) } ?? .remove(exact)]
    }
}

/// Whether a write may go on, by the version of the file that is there; nil: none is.
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
    /// Properties that were given, each with what stands in its file.
    package var properties: [(name: PropertyName, file: [UInt8])] = []

    package init() {}

    /// The properties of a run that is given no others (tfruns' `training_run()` writes the same).
    /// - Parameter seconds: the time, since 1970
    package static func defaults(of run: RunID, at seconds: Double) -> [(name: PropertyName, text: String)] {
        [
            (.type, "training"), (.context, "remote"), (.script, run.description),
            (.start, PropertyText.seconds(seconds)), (.completed, "FALSE"),
        ]
    }
}

/// A whole frame of metrics, which is to take the place of all that is there.
package struct MetricsReplacement: Sendable {
    /// When it does.
    package enum Condition: Sendable {
        case always
        /// Unless more rows are there.
        case unlessShorter
        /// Where the frame begins with the rows that are there, or there are none. Otherwise these rows are appended;
        /// where there are none to append, the write is refused.
        case continuing(otherwise: MetricsRows?)

        /// Whether nothing is compared, so that what is there need not be read.
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
