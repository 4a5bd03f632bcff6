internal import Glibc
package import Limits
internal import RunMetadata
package import RunStore

/// Imports runs: bundles of `GET /runs/{id}/bundle.tar.gz`, and directories of runs.
package enum BundleReader {
    /// Unpacks a tar, tar.gz or zip. The rules are those for uploaded source: no links, no devices, no paths that lead
    /// outside, no duplicate names. All files are in one folder, whose name is the run's id.
    /// - Parameters:
    ///   - budget: limits bytes, and files and folders
    ///   - intake: makes the receiver of the run, given the name of that folder
    /// - Returns: the receiver, which has all files and is not finished yet
    package static func unpack(
        _ path: String, budget: Budget, into intake: (String) throws -> any RunIntake
    ) throws -> any RunIntake {
        var names = SourceNames(budget: budget, subject: "the bundle", limits: .archived)
        var begun: (top: String, run: any RunIntake)?
        try ArchiveReader.forEachEntry(of: .file(path), budget: budget, subject: "the bundle") { entry in
            if entry.isRoot { return }
            guard entry.isFile || entry.isDirectory else {
                throw fault(
                    "\"\(entry.path.shown())\" is a link, device or socket; a bundle may have only files and folders")
            }
            let name = try names.add(entry.path, isFolder: entry.isDirectory)
            let parts = name.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1)
            let folder = String(decoding: parts[0], as: UTF8.self)
            guard begun.map({ $0.top == folder }) ?? true, parts.count == 2 || entry.isDirectory else {
                throw fault(
                    "\"\(name.shown())\" is not in the same folder as the rest; a bundle has one folder, named after the run"
                )
            }
            let run = try begun?.run ?? intake(folder)
            begun = (folder, run)
            guard parts.count == 2 else { return }
            let rest = String(decoding: parts[1], as: UTF8.self)
            if entry.isDirectory { return try run.addFolder(rest, modified: entry.modified) }
            try run.addFile(rest, mode: entry.mode, modified: entry.modified) { write in
                try entry.read(write)
            }
        }
        guard let begun else { throw fault("it is empty") }
        return begun.run
    }

    /// Copies the files of a directory.
    /// - Parameter budget: limits bytes, and files and folders
    package static func copy(_ bundle: any RunBundle, into run: any RunIntake, budget: Budget) throws {
        var names = SourceNames(budget: budget, subject: "the directory")
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            for (index, entry) in bundle.entries.enumerated() {
                guard let path = String(validating: entry.path, as: UTF8.self) else {
                    throw fault(
                        "\"\(String(decoding: entry.path, as: UTF8.self).shown())\" is not UTF-8; rename it")
                }
                try draw(1, of: .entries, path, budget)
                try names.add(path, isFolder: entry.isFolder)
                if entry.isFolder {
                    try run.addFolder(path, modified: entry.modified)
                    continue
                }
                guard let file = try bundle.open(index) else { continue }
                try draw(file.size, of: .bytes, path, budget)
                try run.addFile(path, mode: entry.mode, modified: entry.modified) { write in
                    var offset = 0
                    while offset < file.size {
                        let count = try file.read(at: offset, into: buffer)
                        guard count > 0 else { throw fault("\"\(path.shown())\" cannot be read to its end") }
                        try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                        offset += count
                    }
                }
            }
        }
    }

    private static func draw(
        _ amount: Int, of quantity: Limit.Quantity, _ path: String, _ budget: Budget
    ) throws(MetadataFault) {
        do throws(LimitExceeded) { try budget.take(amount, of: quantity) } catch {
            throw MetadataFault(.exceeded, "the directory: with \"\(path.shown())\" it is \(error)")
        }
    }

    private static func fault(_ reason: String) -> MetadataFault { .shape(nil, "the bundle: \(reason)") }
}
