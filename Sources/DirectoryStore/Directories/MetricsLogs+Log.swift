internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

extension MetricsLogs {
    /// One run's rows.
    final class Log {
        let folder: String
        let place: RunPlace
        private(set) var descriptor: CInt = -1
        private let watch: NameWatch?
        private var mark: NameWatch.Mark?
        /// The offset of the next row: the file's length when all planned rows are written.
        private(set) var end: Int
        /// Journaled rows of this batch that are not written yet; they go to `plannedAt`.
        var planned: [UInt8] = []
        var plannedAt: Int
        var checkedInBatch = 0
        var locatedAt: UInt64
        /// Whether the run's view is already noted as lagging.
        var viewLags = false
        /// The journal segment in which the file was last noted as touched; 0 before.
        var touchedIn: UInt64 = 0
        /// The index's round in which the run was last noted.
        var notedIn: UInt64 = 0
        /// The names of the columns; nil: not read yet.
        var columns: MetricsColumnNames?
        /// The shape of the last rows, and other shapes that brought no new name.
        var shape: MetricsShape?
        var shapes: Set<MetricsShape> = []
        /// The bytes of the run, if they are bounded.
        var space: SpaceUse.Folder?
        /// The known version of the frame beside the rows; nil if there is none.
        var frame: FileVersion?
        private let data: String

        init(folder: String, place: RunPlace, size: Int, data: String, watch: NameWatch?) {
            (self.folder, self.place, end, self.data, self.watch) = (folder, place, size, data, watch)
            plannedAt = size
            locatedAt = monotonicNanoseconds()
        }

        deinit {
            if let mark { watch?.remove(mark) }
            if descriptor >= 0 { close(descriptor) }
        }

        func open(_ descriptor: CInt) {
            self.descriptor = descriptor
            mark = watch?.add(namesIn: data)
        }

        /// Whether the file still has a name and the expected length, and the frame beside it is unchanged. Otherwise
        /// another program has removed or written one of them, and both have to be checked again.
        var isAsItWas: Bool {
            guard descriptor >= 0 else { return false }
            if let mark, !mark.isSuspect { return clinux_size(descriptor) == Int64(end) }
            guard clinux_named_size(descriptor) == Int64(end), MetricsLogs.frame(in: data) == frame else {
                return false
            }
            mark?.isSuspect = false
            return true
        }

        /// Cancels the append that was planned last.
        func unplan(_ rows: [UInt8]) {
            end -= rows.count
            forgetColumns()
        }

        /// Forgets the names of the columns: they are read again when needed.
        func forgetColumns() {
            (columns, shape) = (nil, nil)
            shapes.removeAll()
        }

        /// Plans an append and returns its offset.
        func plan(_ rows: [UInt8]) -> Int {
            defer { end += rows.count }
            return end
        }
    }

    /// The length of a file's complete lines. Text after the last newline was left by another program; it is cut off,
    /// or the next row would be joined to it.
    static func wholeLines(_ descriptor: CInt, _ path: String) throws(FileFailure) -> Int {
        let size = Int(Files.status(of: descriptor).st_size)
        var last: UInt8 = 0
        if size == 0 || (pread(descriptor, &last, 1, off_t(size - 1)) == 1 && last == UInt8(ascii: "\n")) {
            return size
        }
        // Read from the end, since it may be long.
        let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { part.deallocate() }
        var end = size
        while end > 0 {
            let start = max(0, end - part.count)
            let buffer = UnsafeMutableRawBufferPointer(rebasing: part[..<(end - start)])
            let count = try Files.read(descriptor, into: buffer, at: start, path: path)
            if let newline = buffer[..<count].lastIndex(of: UInt8(ascii: "\n")) {
                end = start + newline + 1
                break
            }
            end = start
        }
        ftruncate(descriptor, off_t(end))
        return end
    }
}
