package import LocalFiles
internal import RunStore

/// A body as writers receive it. Forms sent by browsers and by `curl -d` are already converted to JSON.
package enum MetadataBody: Sendable {
    case json([UInt8])
    case ndjson([UInt8])
    case csv([UInt8])
    case text([UInt8])
    /// A staged archive, and the work that the writer began when it started to arrive.
    case archive(StagingFile, (any ArchiveReception)?)
    /// Files of a form, by their sent names.
    case files([UploadedFile])
    /// A body, unchanged.
    case raw(StagingFile)
}

/// A file of a form. All files of a form are in one staging file, one after another: there may be very many.
package struct UploadedFile: Sendable {
    package let name: String
    private let file: StagingFile
    private let start: Int
    package let size: Int

    /// - Parameters:
    ///   - file: the staging file, which is complete
    ///   - range: its bytes in that file; nil: all of it
    package init(name: String, file: StagingFile, range: Range<Int>? = nil) {
        (self.name, self.file) = (name, file)
        start = range?.lowerBound ?? 0
        size = range?.count ?? file.size
    }

    /// When it arrived, seconds since 1970.
    var modified: Int { file.modified }

    /// Reads at an offset.
    /// - Returns: the number of bytes; 0 at the end, -1 if it cannot be read
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < size else { return 0 }
        return file.read(
            at: start + offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size - offset)))
    }
}
