internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Frames of runs whose `metrics.json` lags.
extension DirectoryRunStore {
    /// Updates `metrics.json` if it is a lagging view. If that is not possible (a full disk, or another program is
    /// writing it), the frame is made in memory, so that reads continue.
    func frameOfLaggingView(_ run: RunID, _ directory: RunDirectory) throws(StoreError) -> StoredFile? {
        let folder = run.description
        guard metricsFiles.holder(of: folder, in: directory) == .rows else { return nil }
        if metricsFiles.isUpToDate(folder, in: directory), !views.contains(folder) { return nil }
        do throws(StoreError) {
            if try refreshView(folder) { return nil }
        } catch { views.insert(folder) }
        return try frameInMemory(directory)
    }

    private func frameInMemory(_ run: RunDirectory) throws(StoreError) -> StoredFile? {
        let rows = try storing { () throws(FileFailure) in try run.openFile(RunPath(.metricsRows)) }
        guard let descriptor = rows else { return nil }
        defer { Glibc.close(descriptor) }
        return try frameInMemory(of: descriptor, size: Int(Files.status(of: descriptor).st_size))
    }

    /// The frame of the first `size` bytes of rows, in a file in memory (memfd_create(2)).
    func frameInMemory(of rows: CInt, size: Int) throws(StoreError) -> StoredFile {
        let memory = clinux_memory_file()
        guard memory >= 0 else { throw StoreError(FileFailure("memfd_create", "metrics")) }
        var written = 0
        do throws(StoreError) {
            try writeFrame(of: rows, size: size) { bytes throws(StoreError) in
                var failure: FileFailure?
                bytes.withUnsafeBytes { bytes in
                    do throws(FileFailure) {
                        try Files.write(bytes, to: memory, at: written, path: "memory")
                    } catch { failure = error }
                }
                if let failure { throw StoreError(failure) }
                written += bytes.count
            }
        } catch {
            Glibc.close(memory)
            throw error
        }
        return StoredFile(descriptor: memory)
    }
}
