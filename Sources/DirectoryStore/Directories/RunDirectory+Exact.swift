internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension RunDirectory {
    /// Opens a file of metadata for reading; for a list whose file differs from what was sent, the exact one. Nil if
    /// there is none.
    ///
    /// The exact list counts while the file is byte for byte what the server makes of it. So a file that another
    /// program, such as R, wrote since is authoritative, whatever its time. A file of over `largestWhole` bytes is not
    /// compared.
    func openExact(_ path: DataPath) throws(FileFailure) -> CInt? {
        guard let exact = path.sent, let sent = try openIfInReach(RunPath(exact)) else {
            return try openFile(RunPath(path))
        }
        do throws(FileFailure) {
            let size = max(Int(Files.status(of: sent).st_size), Int(status(RunPath(path))?.st_size ?? 0))
            if size <= Self.largestWhole {
                let text = try Files.read(sent, path: exact.description)
                if let list = NamedListFiles(sent: text), try readIfInReach(RunPath(path)) == list.file { return sent }
            }
        } catch {
            close(sent)
            throw error
        }
        close(sent)
        return try openFile(RunPath(path))
    }
}
