internal import Glibc
package import LocalFiles
package import RunMetadata

/// For stores that copy what was staged, and have no directories of their own that programs could read.
extension StagingFile {
    /// Reads a file that is complete.
    package func contents() throws(StoreError) -> [UInt8] {
        do throws(FileFailure) { if let bytes = try Files.read(path) { return bytes } } catch {
            throw StoreError(local: error)
        }
        throw .failed("\(path) is gone")
    }
}

extension StagedFolder {
    /// Reads all files in it.
    /// - Returns: them by their paths in it
    package func contents() throws(StoreError) -> [(path: DataPath, bytes: [UInt8])] {
        var files: [(path: DataPath, bytes: [UInt8])] = []
        do throws(FileFailure) {
            for folder in try Files.folders(in: path) {
                for name in try Files.names(in: "\(path)/\(folder)") {
                    let file = folder.isEmpty ? name : "\(folder)/\(name)"
                    guard !Files.isOwnDirectory("\(path)/\(file)"), let place = DataPath(file),
                        let bytes = try Files.read("\(path)/\(file)")
                    else { continue }
                    files.append((place, bytes))
                }
            }
        } catch { throw StoreError(local: error) }
        return files
    }
}

extension StagingFolder {
    /// Writes a run's metadata into it, in place of what was written so before.
    /// - Returns: the path of the folder with the metadata
    package func write(_ files: [(path: DataPath, bytes: [UInt8])]) throws(StoreError) -> String {
        let top = "\(path)/\(RunLayout.dataDirectory)"
        do throws(FileFailure) {
            try Files.removeTree(top)
            try Files.makeDirectory(top)
            for (file, bytes) in files {
                for count in file.components.indices.dropFirst() {
                    let folder = "\(top)/\(file.components[..<count].joined(separator: "/"))"
                    if !Files.isOwnDirectory(folder) { try Files.makeDirectory(folder) }
                }
                let descriptor = try Files.open("\(top)/\(file)", O_WRONLY | O_CREAT | O_EXCL)
                defer { close(descriptor) }
                try Files.write(bytes, to: descriptor, at: 0, path: "\(file)")
            }
        } catch { throw StoreError(local: error) }
        return top
    }
}
