internal import Glibc
internal import JSON
internal import Synchronization

/// A partly received file, and the note beside it.
final class PartialUpload: Sendable {
    static let noteEnding = ".json"
    /// Bytes between syncs: at most so many have to be sent again after a crash.
    private static let safeEvery = 64 << 20

    /// The state that is read without touching a file.
    private struct Facts: Sendable {
        var received: Int
        var changed: Double
        /// The number of the request that is sending; earlier ones are refused.
        var hold: UInt64 = 0
    }

    /// The state that changes with the file.
    private struct Disk: Sendable {
        var descriptor: CInt = -1
        /// Bytes that are synced according to the note.
        var safe: Int
    }

    let key: ExactText
    private let id: String
    private let total: Int
    private let facts: Mutex<Facts>
    private let disk: Mutex<Disk>
    private unowned let uploads: PartialUploads

    var path: String { "\(uploads.folder)/\(id)" }
    var notePath: String { path + Self.noteEnding }
    var progress: (received: Int, total: Int) { (facts.withLock { $0.received }, total) }
    var changed: Double { facts.withLock { $0.changed } }

    /// A new upload, with nothing on disk.
    init(key: ExactText, total: Int, changed: Double, in uploads: PartialUploads) {
        (self.key, self.total, self.uploads) = (key, total, uploads)
        id = String(UInt64.random(in: .min ... .max), radix: 16)
        facts = Mutex(Facts(received: 0, changed: changed))
        disk = Mutex(Disk(safe: 0))
    }

    /// An upload that an earlier server kept, cut to what is synced; nil if it is not valid.
    init?(id: String, in uploads: PartialUploads) {
        let path = "\(uploads.folder)/\(id)"
        guard let bytes = try? Files.read(path + Self.noteEnding), let note = try? JSONValue.parse(bytes),
            let key = note["key"]?.string, let total = note["total"]?.number?.int,
            let safe = note["safe"]?.number?.int, let changed = note["changed"]?.number?.double,
            let status = Files.status(path), (0...total).contains(safe), Int(status.st_size) >= safe,
            truncate(path, off_t(safe)) == 0
        else { return nil }
        (self.id, self.key, self.total, self.uploads) = (id, ExactText(key), total, uploads)
        facts = Mutex(Facts(received: safe, changed: changed))
        disk = Mutex(Disk(safe: safe))
    }

    deinit { disk.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// Takes over the upload for a part that begins at `offset`.
    func hold(from offset: Int) throws(PartialUploads.Refusal) -> UInt64 {
        let (hold, received): (UInt64?, Int) = facts.withLock { facts in
            guard offset <= facts.received else { return (nil, facts.received) }
            facts.hold += 1
            facts.changed = uploads.time
            return (facts.hold, facts.received)
        }
        guard let hold else { throw .gap(received: received, total: total) }
        return hold
    }

    // MARK: On disk

    private func check(_ hold: UInt64) throws(PartialUploads.Refusal) {
        if facts.withLock({ $0.hold != hold }) { throw .superseded }
    }

    /// Runs `body`, which touches the file, under the lock.
    private func onDisk(_ hold: UInt64, _ body: (inout Disk) throws -> Void) throws {
        try disk.withLock { disk in
            try check(hold)
            do { try body(&disk) } catch let failure as FileFailure {
                guard failure.isSync else { throw ScratchError.failed(failure) }
                uploads.syncFailed(failure)
                throw ScratchError.unsynced(failure)
            }
        }
    }

    /// Opens the file and cuts it at an offset.
    func open(_ hold: UInt64, at offset: Int) throws {
        try onDisk(hold) { disk in
            if disk.descriptor < 0 { disk.descriptor = try Files.open(path, O_RDWR | O_CREAT) }
            let size = Int(Files.status(of: disk.descriptor).st_size)
            // It was moved for publication, or removed by someone.
            guard size >= offset else {
                facts.withLock { $0.received = size }
                throw PartialUploads.Refusal.gap(received: size, total: total)
            }
            // Overwritten bytes are not synced, so the note has to say so first.
            if offset < disk.safe { try note(safe: offset, &disk) }
            while ftruncate(disk.descriptor, off_t(offset)) != 0 {
                if errno != EINTR { throw FileFailure("ftruncate", "an upload") }
            }
            facts.withLock { $0.received = offset }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, _ hold: UInt64) throws {
        try onDisk(hold) { disk in
            let received = progress.received
            try Files.write(bytes, to: disk.descriptor, at: received, path: "an upload")
            facts.withLock {
                $0.received = received + bytes.count
                $0.changed = uploads.time
            }
            if received + bytes.count - disk.safe >= Self.safeEvery { try makeSafe(&disk) }
        }
    }

    /// Syncs all that was received, and closes the file.
    func confirm(_ hold: UInt64) throws {
        try onDisk(hold) { disk in
            // Already done.
            guard disk.descriptor >= 0 else { return }
            try makeSafe(&disk)
            close(disk.descriptor)
            disk.descriptor = -1
        }
    }

    private func makeSafe(_ disk: inout Disk) throws(FileFailure) {
        try Files.syncContent(disk.descriptor, path: "an upload")
        try note(safe: progress.received, &disk)
    }

    /// Rewrites the note, atomically with respect to crashes.
    private func note(safe: Int, _ disk: inout Disk) throws(FileFailure) {
        let text = JSONWriter.compact([
            "key": .string(key.text), "total": .number(JSONNumber(total)), "safe": .number(JSONNumber(safe)),
            "changed": .number(JSONNumber(changed)),
        ])
        let new = "\(path).new"
        let descriptor = try Files.open(new, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try Files.write(text, to: descriptor, at: 0, path: "an upload's note")
        try Files.syncContent(descriptor, path: "an upload's note")
        try Files.rename(new, to: notePath)
        try Files.sync(uploads.folder)
        disk.safe = safe
    }

    /// Reads all that was received (pread(2)).
    func read(_ hold: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        try onDisk(hold) { disk in
            let descriptor = try Files.open(path, O_RDONLY)
            defer { close(descriptor) }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { buffer.deallocate() }
            var offset = 0
            while offset < total {
                let count = pread(descriptor, buffer.baseAddress, min(buffer.count, total - offset), off_t(offset))
                if count < 0, errno == EINTR { continue }
                if count <= 0 { throw FileFailure("read", "an upload") }
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += count
            }
        }
    }

    // MARK: At the end

    /// Moves the file, which is complete and synced, to the folder from which files are published.
    func stage(_ hold: UInt64, in scratch: Scratch) throws -> StagingFile {
        try check(hold)
        return try scratch.take(path)
    }

    /// Drops uploads that have been idle for too long.
    func dropOthersThatAreOld() { uploads.dropOld() }

    /// Moves it back.
    func takeBack(_ file: StagingFile, _ hold: UInt64) {
        guard (try? check(hold)) != nil else { return }
        file.move(to: path)
    }

    /// Removes it, unless a later request has taken it over.
    func forget(_ hold: UInt64) {
        guard (try? check(hold)) != nil else { return }
        uploads.forget(self)
        remove()
    }

    /// Removes the files; a request that is still sending gets an error.
    func remove() {
        facts.withLock { $0.hold += 1 }
        disk.withLock { disk in
            if disk.descriptor >= 0 { close(disk.descriptor) }
            disk.descriptor = -1
            try? Files.remove(notePath)
            try? Files.remove(path)
        }
    }
}
