internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata

extension RunDirectory {
    /// An open folder of a run's directory. Its files are read by their names in it (openat2(2), fstatat(2)), with few
    /// system calls, for passes over many runs. Links that stay in the run are followed; other links count as missing.
    final class Folder {
        /// Its path in the run's directory; empty for that itself.
        let path: [UInt8]
        /// The run's directory, which stays open.
        let run: RunDirectory
        private let descriptor: CInt

        init(_ run: RunDirectory, path: [UInt8], descriptor: CInt) {
            (self.run, self.path, self.descriptor) = (run, path, descriptor)
        }

        deinit { close(descriptor) }

        /// The folder itself.
        var status: stat { Files.status(of: descriptor) }

        /// The path of a name in it.
        func path(of name: [UInt8]) -> [UInt8] { path.isEmpty ? name : path + Array("/".utf8) + name }

        private func path(of name: UnsafePointer<CChar>) -> [UInt8] {
            path(of: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }

        /// Opens a name in the folder; -1 and errno on failure.
        private func open(_ name: UnsafePointer<CChar>, _ flags: CInt) -> CInt {
            let found = clinux_open_beneath(descriptor, name, flags, CLINUX_LINKS_BENEATH)
            if found >= 0 || errno != EXDEV { return found }
            // A link out of this folder may stay in the run.
            return path(of: name).withCString { clinux_open_beneath(run.descriptor, $0, flags, CLINUX_LINKS_BENEATH) }
        }

        private static func isMissing(_ code: CInt) -> Bool {
            [ENOENT, ENOTDIR, EXDEV, ELOOP, ENXIO, ENODEV].contains(code)
        }

        /// A folder in this one; nil if there is none.
        func folder(_ name: String) throws(FileFailure) -> Folder? {
            let path = path(of: Array(name.utf8))
            let found = open(name, O_RDONLY | O_DIRECTORY)
            if found >= 0 { return Folder(run, path: path, descriptor: found) }
            if Self.isMissing(errno) { return nil }
            throw FileFailure("open", inRun: path)
        }

        /// Whether a name is a link.
        func isLink(_ name: String) -> Bool {
            var status = stat()
            return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
        }

        /// The status of a name, following links that stay in the run; nil if there is nothing.
        func status(of name: UnsafePointer<CChar>) -> stat? {
            var status = stat()
            guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            if status.st_mode & S_IFMT != S_IFLNK { return status }
            let found = open(name, clinux_path_only)
            guard found >= 0 else { return nil }
            defer { close(found) }
            return Files.status(of: found)
        }

        /// The names in it, as bytes, sorted (readdir(3)). To be called once.
        func names() throws(FileFailure) -> [[UInt8]] {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0, let directory = fdopendir(copy) else {
                let failure = FileFailure("opendir", inRun: path)
                if copy >= 0 { Glibc.close(copy) }
                throw failure
            }
            defer { closedir(directory) }
            var names: [[UInt8]] = []
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
            }
            return names.sorted { $0.lexicographicallyPrecedes($1) }
        }

        /// Calls `body` for each name, in the directory's own order.
        func eachName(
            _ body: (UnsafePointer<CChar>) throws(FileFailure) -> Void
        ) throws(FileFailure) {
            // A run has few properties.
            let room = 4096
            let names = UnsafeMutablePointer<CChar>.allocate(capacity: room)
            defer { names.deallocate() }
            while true {
                let count = clinux_names(descriptor, names, room)
                if count < 0 { throw FileFailure("getdents64", inRun: path) }
                if count == 0 { return }
                var name = names
                while name < names + count {
                    try body(name)
                    name += strlen(name) + 1
                }
            }
        }

        /// Opens a file for reading, lends it and its status (fstat(2)), and closes it.
        /// - Returns: nil if there is no regular file
        func withFile<Result>(
            _ name: UnsafePointer<CChar>, _ body: (CInt, stat) throws(FileFailure) -> Result
        ) throws(FileFailure) -> (status: stat, result: Result?)? {
            // O_NONBLOCK: opening a FIFO does not wait for a writer.
            let file = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            guard file >= 0 else {
                if Self.isMissing(errno) { return nil }
                throw FileFailure("open", inRun: path(of: name))
            }
            defer { close(file) }
            let status = Files.status(of: file)
            guard status.st_mode & S_IFMT == S_IFREG else { return (status, nil) }
            return (status, try body(file, status))
        }

        /// Reads a file into reused memory.
        /// - Returns: its status and, if it is a file, its bytes, valid until the next read; nil if there is none
        /// - Parameter most: the most bytes to read, whatever the file's size
        func read(
            _ name: UnsafePointer<CChar>, into memory: FileMemory, atMost most: Int
        ) throws(FileFailure) -> (status: stat, result: UnsafeRawBufferPointer?)? {
            try withFile(name) { (file, status) throws(FileFailure) in
                let size = min(Int(status.st_size), most)
                let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.room(size)[..<size])
                let count = try Files.read(file, into: bytes, at: 0, path: String(cString: name))
                return UnsafeRawBufferPointer(rebasing: bytes[..<count])
            }
        }
    }

    /// Opens the data directory.
    /// - Throws: also if there is none
    func openData() throws(FileFailure) -> Folder {
        let opened = clinux_open_beneath(
            descriptor, RunLayout.dataDirectory, O_RDONLY | O_DIRECTORY, CLINUX_LINKS_BENEATH)
        if opened < 0 { throw FileFailure("open", inRun: RunPath.data.bytes) }
        return Folder(self, path: RunPath.data.bytes, descriptor: opened)
    }
}
