package import LocalFiles
internal import RunStore

/// A body as writers get it. Forms of a browser or of `curl -d` have become JSON by then.
package enum MetadataBody: Sendable {
    case json([UInt8])
    case ndjson([UInt8])
    case csv([UInt8])
    case text([UInt8])
    /// An archive that was staged, with what the writer had begun when it started to come.
    case archive(StagingFile, (any ArchiveReception)?)
    /// Files of a form, by the names that they came with.
    case files([UploadedFile])
    /// A body as it came.
    case raw(StagingFile)
}

/// A file of a form. All files of a form are in one staging file, one behind the other: a form may have very many.
package struct UploadedFile: Sendable {
    package let name: String
    private let file: StagingFile
    private let start: Int
    package let size: Int

    /// - Parameters:
    ///   - file: what it is in; nothing of it is written any more
    ///   - range: where it is there; nil: all of it
    package init(name: String, file: StagingFile, range: Range<Int>? = nil) {
        (self.name, self.file) = (name, file)
        start = range?.lowerBound ?? 0
        size = range?.count ?? file.size
    }

    /// Seconds since 1970: when it came.
    var modified: Int { file.modified }

    /// Reads at an offset.
    /// - Returns: how many bytes; 0 at the end, -1 where it cannot be read
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < size else { return 0 }
        return file.read(
            at: start + offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size - offset)))
    }
}
