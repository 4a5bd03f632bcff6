internal import Glibc
package import JSON
package import LocalFiles
internal import RunMetadata

/// The audit log on disk: `audit.ndjson`, to which lines are appended, and earlier files `audit-<time>.ndjson`.
package struct AuditFolder: Sendable {
    /// When a new file is begun, and how many earlier files are kept.
    package struct Limits: Sendable {
        /// Bytes of a file.
        package var size = 16 << 20
        /// Earlier files.
        package var kept = 20

        package init() {}
    }

    let path: String
    private var current: String { "\(path)/audit.ndjson" }

    /// - Parameter runs: the runs directory
    package init(runs: String) { path = "\(runs)/\(RunLayout.own)/\(RunLayout.Own.audit)" }

    // MARK: Writing

    /// Makes the folder if it is missing. Its parent must exist: a runs directory that is gone is not created again.
    package func prepare() throws(FileFailure) {
        try Files.makeDirectory(path)
        FileOwner.give(path, toOwnerOf: "\(path)/..")
    }

    /// Appends lines (open(2), O_APPEND). They are not synced; the system writes them to the disk later.
    package func append(_ entries: [AuditEntry]) throws(FileFailure) {
        let descriptor = try Files.open(current, O_WRONLY | O_APPEND | O_CREAT, mode: 0o640)
        defer { close(descriptor) }
        FileOwner.give(current, toOwnerOf: path)
        var lines: [UInt8] = []
        for entry in entries { lines += JSONWriter.compact(.object(entry.json)) + [UInt8(ascii: "\n")] }
        // On Linux, pwrite(2) to a file opened with O_APPEND appends, whatever the offset.
        try Files.write(lines, to: descriptor, at: 0, path: current)
    }

    /// Begins a new file if the present one is too large, and removes the oldest beyond the limit.
    func rotate(_ limits: Limits, now: Double) throws(FileFailure) {
        guard let size = Files.status(current)?.st_size, size >= limits.size else { return }
        // Several files of one second are numbered, so that they sort in order even if earlier ones are already
        // removed.
        let stamp = "audit-\(UTCTime.name(now))-"
        let last = try earlier().last { $0.hasPrefix(stamp) }.flatMap { Int($0.dropFirst(stamp.count).prefix(4)) }
        let digits = String((last ?? 0) + 1)
        let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        try Files.rename(current, to: "\(path)/\(stamp)\(number).ndjson")
        for old in try earlier().dropLast(limits.kept) { try Files.remove("\(path)/\(old)") }
    }

    /// The earlier files, the oldest first.
    private func earlier() throws(FileFailure) -> [String] {
        try Files.names(in: path).filter { $0.hasPrefix("audit-") && $0.hasSuffix(".ndjson") }.sorted()
    }

    // MARK: Reading

    /// Calls a function with each line, the oldest first. Invalid lines, such as a partial one after a crash, are
    /// skipped.
    package func read(_ take: (JSONObject) -> Void) throws(FileFailure) {
        for file in try earlier().map({ "\(path)/\($0)" }) + [current] {
            guard let bytes = try Files.read(file) else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                if let object = (try? JSONValue.parse(Array(line)))?.object { take(object) }
            }
        }
    }
}
