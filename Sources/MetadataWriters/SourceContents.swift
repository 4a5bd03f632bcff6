package import JSON
internal import Limits
internal import RunMetadata
package import RunStore

/// The content of a stored `source.tar.gz`, as far as a comparison needs it.
package struct SourceContents: Sendable {
    /// A file of the source.
    package struct File: Sendable {
        package fileprivate(set) var size = 0
        /// A hash of the content, valid only in this process.
        package fileprivate(set) var fingerprint = 0
        /// The text; nil if it is binary or too large to be kept.
        package fileprivate(set) var text: [UInt8]?
        package fileprivate(set) var isBinary = false

        package func isSame(as other: File) -> Bool { size == other.size && fingerprint == other.fingerprint }
    }

    /// Limits of reading.
    package struct Limits: Sendable {
        /// Bytes of all files together. A larger source is not compared.
        package var bytes = 64 << 20
        /// Files and folders.
        package var entries = 100_000
        /// Bytes of a file whose text is kept.
        package var fileText = 512 << 10
        /// Bytes of all texts that are kept.
        package var text = 8 << 20

        package init() {}
    }

    /// By path below `source/`.
    package private(set) var files: [ExactText: File] = [:]

    /// Reads an archive.
    /// - Throws: a `MetadataFault`, of kind `exceeded` if it is larger than the limits
    package init(
        _ archive: any Blob, limits: Limits = Limits(), isCancelled: @escaping () -> Bool = { false }
    ) throws {
        var held = 0
        let prefix = (SourceNames.folder + "/").utf8
        let budget = Budget([Limit(.bytes, most: limits.bytes), Limit(.entries, most: limits.entries)])
        let names = Budget([SourceNames.nameBytes])
        try ArchiveReader.forEachEntry(
            of: .blob(archive), budget: budget, subject: "the source", isCancelled: isCancelled
        ) { entry in
            guard entry.isFile else { return }
            do throws(LimitExceeded) { try names.take(entry.path.utf8.count, of: .bytes) } catch {
                throw MetadataFault(.exceeded, "the source: the names are \(error)")
            }
            var file = File()
            var hasher = Hasher()
            var text: [UInt8]? = []
            try entry.read { part in
                file.size += part.count
                hasher.combine(bytes: part)
                if file.size <= limits.fileText, held + file.size <= limits.text {
                    text?.append(contentsOf: part)
                } else {
                    text = nil
                }
                // As git(1) does: binary files have a NUL among the first bytes.
                if file.size == part.count { file.isBinary = part.prefix(8000).contains(0) }
            }
            file.fingerprint = hasher.finalize()
            if let text {
                file.isBinary = file.isBinary || String(validating: text, as: UTF8.self) == nil
                if !file.isBinary {
                    file.text = text
                    held += text.count
                }
            }
            let path =
                entry.path.utf8.starts(with: prefix) ? entry.path.utf8.dropFirst(prefix.count) : entry.path.utf8[...]
            files[ExactText(String(decoding: path, as: UTF8.self))] = file
        }
    }
}
