internal import Glibc
package import RunMetadata

/// Files that the server itself puts into a staging folder.
extension StagingFolder {
    /// Makes a folder and those above it.
    package func makeFolders(_ folder: DataPath) throws(ScratchError) {
        try scratching { () throws(FileFailure) in try Files.makeDirectories("\(path)/\(folder)") }
    }

    /// Makes a file, and the folders above it.
    /// - Parameter content: calls its parameter with each part of the content
    /// - Throws: `ScratchError`, also if the file exists; what `content` throws
    package func makeFile(
        _ file: DataPath, content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        if let folder = DataPath(file.components.dropLast().joined(separator: "/")) { try makeFolders(folder) }
        let descriptor = try scratching { () throws(FileFailure) in
            try Files.open("\(path)/\(file)", O_WRONLY | O_CREAT | O_EXCL)
        }
        defer { close(descriptor) }
        var size = 0
        try content { part in
            try scratching { () throws(FileFailure) in
                try Files.write(part, to: descriptor, at: size, path: "staging/\(name)/\(file)")
            }
            size += part.count
        }
    }
}
