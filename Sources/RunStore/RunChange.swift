package import RunMetadata

/// Something that has happened to a run: durable, and visible to readers.
package struct RunChange: Sendable {
    package enum Kind: Sendable {
        /// Rows of metrics were appended: one JSON object a line.
        case rows([UInt8])
        /// Console output was appended.
        case output(AppendedOutput)
        /// All metrics were replaced.
        case metricsReplaced
        /// Properties were written or removed, by name.
        case properties([String])
        /// Another file of the metadata was written or removed.
        case file(DataPath)
        /// An artifact was written or removed.
        case artifact(ArtifactPath)
        case initialised
        case completed
        case stopped
        case failed
        case archived
        case restored
        case removed
    }

    package let run: RunID
    package let kind: Kind

    package init(run: RunID, kind: Kind) { (self.run, self.kind) = (run, kind) }
}
