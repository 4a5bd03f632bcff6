internal import Glibc
package import LocalFiles
package import RunMetadata

/// For stores that copy staged files, and have no directories of their own that programs could read.
extension StagingFile {
    /// Reads a file that was staged, or is in a staged folder.
    package static func contents(of path: String) throws(StoreError) -> [UInt8] {
        do throws(FileFailure) { if let bytes = try Files.read(path) { return bytes } } catch {
            throw StoreError(local: error)
        }
        throw .failed("\(path) is gone")
    }
}

extension StagedFolder {
    /// All files in it.
    /// - Returns: their paths in it, and where they are on this machine
    package func files() throws(StoreError) -> [(path: DataPath, place: String)] {
        var files: [(path: DataPath, place: String)] = []
        do throws(FileFailure) {
            for folder in try Files.folders(in: path) {
                for name in try Files.names(in: "\(path)/\(folder)") {
                    let file = folder.isEmpty ? name : "\(folder)/\(name)"
                    guard !Files.isOwnDirectory("\(path)/\(file)"), let found = DataPath(file) else { continue }
                    files.append((found, "\(path)/\(file)"))
                }
            }
        } catch { throw StoreError(local: error) }
        return files
    }
}

extension StagingFolder {
    /// Writes a run's metadata into it, replacing what an earlier call wrote.
    /// - Returns: the path of the folder with the metadata
    package func write(_ files: [(path: DataPath, blob: any Blob)]) throws(StoreError) -> String {
        let top = "\(path)/\(RunLayout.dataDirectory)"
        do throws(FileFailure) {
            try Files.removeTree(top)
            try Files.makeDirectory(top)
        } catch { throw StoreError(local: error) }
        for (file, blob) in files {
            var offset = 0
            repeat {
                let part = try Self.part(of: blob, at: offset)
                if part.isEmpty, offset < blob.size { throw .unreadable("\(file) became shorter while it was copied") }
                do throws(FileFailure) { try Self.write(part, at: offset, of: file, below: top) } catch {
                    throw StoreError(local: error)
                }
                offset += part.count
            } while offset < blob.size
        }
        return top
    }

    private static func part(of blob: any Blob, at offset: Int) throws(StoreError) -> [UInt8] {
        var failure: StoreError?
        let part = [UInt8](unsafeUninitializedCapacity: min(blob.size - offset, 1 << 20)) { buffer, count in
            do throws(StoreError) {
                count = try blob.read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return part
    }

    private static func write(
        _ bytes: [UInt8], at offset: Int, of file: DataPath, below top: String
    ) throws(FileFailure) {
        for count in file.components.indices.dropFirst() where offset == 0 {
            let folder = "\(top)/\(file.components[..<count].joined(separator: "/"))"
            if !Files.isOwnDirectory(folder) { try Files.makeDirectory(folder) }
        }
        let descriptor = try Files.open("\(top)/\(file)", O_WRONLY | O_CREAT | (offset == 0 ? O_EXCL : 0))
        defer { close(descriptor) }
        try Files.write(bytes, to: descriptor, at: offset, path: "\(file)")
    }
}
