internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Folders of runs and sessions that wait to be initialised: their number, and the sender of each.
struct PendingRuns {
    private let rules: RunRules
    private let paths: RunPaths
    private var all: FolderCount
    /// The sender of each folder, if senders are counted.
    private var senders: [String: String] = [:]
    private var counts: [String: Int] = [:]

    init(rules: RunRules, paths: RunPaths) throws(FileFailure) {
        (self.rules, self.paths) = (rules, paths)
        all = FolderCount { () throws(FileFailure) in try Files.names(in: paths.pending).count }
        if rules.mostPendingOfSender != nil { try readSenders() }
    }

    /// Adds one that will be made.
    /// - Throws: `tooManyPending`
    mutating func add(_ folder: String, by sender: String?) throws(StoreError) {
        let sender = rules.mostPendingOfSender == nil ? nil : sender
        let ofSender = sender.map { (counts[$0] ?? 0) + 1 } ?? 0
        try all.add { [rules] count throws(StoreError) in try rules.checkPending(count, ofSender: ofSender) }
        guard let sender else { return }
        note(folder, sender)
        // Not synced: if it is lost, the folder counts as nobody's.
        if let file = try? Files.open("\(paths.senders)/\(folder)", O_WRONLY | O_CREAT | O_TRUNC) {
            try? Files.write(Array(sender.utf8), to: file, at: 0, path: folder)
            close(file)
        }
    }

    /// Begins a batch.
    mutating func beginBatch() { all.beginBatch() }

    /// Subtracts one that becomes a run, was removed, or was not made.
    mutating func remove(_ folder: String) {
        all.remove()
        guard let sender = senders.removeValue(forKey: folder) else { return }
        counts[sender, default: 1] -= 1
        if counts[sender] == 0 { counts[sender] = nil }
        unlink("\(paths.senders)/\(folder)")
    }

    private mutating func note(_ folder: String, _ sender: String) {
        if senders.updateValue(sender, forKey: folder) == nil { counts[sender, default: 0] += 1 }
    }

    /// Reads the senders of the present folders.
    private mutating func readSenders() throws(FileFailure) {
        try Files.makeDirectory(paths.senders)
        for folder in try Files.names(in: paths.senders) {
            let file = "\(paths.senders)/\(folder)"
            guard paths.isRun(folder, at: .pending), let sender = try Files.read(file), !sender.isEmpty else {
                unlink(file)
                continue
            }
            note(folder, String(decoding: sender, as: UTF8.self))
        }
    }
}
