internal import Glibc
internal import RunMetadata
package import RunStore

/// Brings runs in from elsewhere: bundles as `GET /runs/{id}/bundle.tar.gz` makes them, and directories of runs.
package enum BundleReader {
    /// What a bundle may hold: bytes unpacked, files and folders.
    private static let limits = {
        var limits = SourceWriter.Limits(bytes: 1 << 40)
        limits.entries = 10_000_000
        return limits
    }()

    /// Unpacks a tar, tar.gz or zip. The rules are those of source that is sent: no links, no devices, nothing outside, no
    /// name twice; and everything is in one folder, whose name is the run's id.
    /// - Returns: the name of that folder
    package static func unpack(_ path: String, into run: RunImport) throws -> String {
        var names = SourceNames(limits: limits, subject: "the bundle")
        var top: String?
        var bytes = 0
        try ArchiveReader.forEachEntry(of: .file(path), subject: "the file") { entry in
            if entry.isRoot { return }
            guard entry.isFile || entry.isDirectory else {
                throw fault("\"\(entry.path)\" is a link, device or socket; a bundle has files and folders alone")
            }
            let name = try names.add(entry.path, size: 0, isFolder: entry.isDirectory)
            let parts = name.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1)
            let folder = String(decoding: parts[0], as: UTF8.self)
            guard top == nil || top == folder, parts.count == 2 || entry.isDirectory else {
                throw fault("\"\(name)\" is not in one folder with the rest, whose name would be the run's id")
            }
            top = folder
            guard parts.count == 2 else { return }
            let rest = String(decoding: parts[1], as: UTF8.self)
            if entry.isDirectory { return try run.addFolder(rest, modified: entry.modified) }
            try run.addFile(rest, mode: entry.mode, modified: entry.modified) { write in
                try entry.read { part in
                    bytes += part.count
                    if bytes > limits.bytes { throw fault("with \"\(name)\" it is more than \(limits.bytes) bytes") }
                    try write(part)
                }
            }
        }
        guard let top else { throw fault("it is empty") }
        return top
    }

    /// Copies the files of a directory.
    package static func copy(_ bundle: RunBundle, into run: RunImport) throws {
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            for (index, entry) in bundle.entries.enumerated() {
                guard let path = String(validating: entry.path, as: UTF8.self) else {
                    throw fault("\"\(String(decoding: entry.path, as: UTF8.self))\" is a name that is not UTF-8")
                }
                if entry.isFolder {
                    try run.addFolder(path, modified: entry.modified)
                    continue
                }
                guard let file = try bundle.open(index) else { continue }
                defer { close(file.descriptor) }
                try run.addFile(path, mode: entry.mode, modified: entry.modified) { write in
                    var offset = 0
                    while offset < file.size {
                        let count = pread(file.descriptor, buffer.baseAddress, buffer.count, off_t(offset))
                        guard count > 0 else { throw fault("\"\(path)\" cannot be read to its end") }
                        try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                        offset += count
                    }
                }
            }
        }
    }

    private static func fault(_ reason: String) -> MetadataFault { .shape(nil, "the bundle: \(reason)") }
}
