internal import Glibc
package import JSON
package import Limits
package import RunMetadata
internal import Synchronization

/// Partly received files. They are kept outside of all runs until the rest arrives, for some days at most. A file
/// becomes visible in a run only when it is complete.
///
/// Each is a file and a note beside it: which file it will be, its length, and how many of its bytes are synced. Those
/// survive a crash and a power cut; later ones have to be sent again. The notes hold all state, so the journal has
/// none.
package final class PartialUploads: Sendable {
    /// How much may be kept.
    package struct Limits: Sendable {
        /// Uploads at once.
        package var count = Limit(.files, most: 1000, setting: "--max-partial-uploads")
        /// Bytes of all uploads, as announced. A single upload may exceed this.
        package var bytes = Limit(.bytes, most: 64 << 30, setting: "--max-partial-bytes")
        /// Seconds after its last part when an upload is dropped.
        package var age = 7.0 * 24 * 3600

        package init() {}
    }

    /// Why a part is refused.
    package enum Refusal: Error, Equatable {
        /// It does not continue the upload, of which `received` of `total` bytes are there; another total means another
        /// file.
        case gap(received: Int, total: Int?)
        /// A later request has taken over the upload.
        case superseded
        /// There are too many; the text names the limit.
        case full(String)
    }

    let folder: String
    private let limits: Limits
    let syncFailed: @Sendable (FileFailure) -> Void
    private let now: @Sendable () -> Double
    private let uploads = Mutex<[ExactText: PartialUpload]>([:])

    /// Finds the uploads that an earlier server kept.
    /// - Parameters:
    ///   - folder: where uploads are kept
    ///   - syncFailed: called when a sync fails
    ///   - now: seconds since 1970
    init(
        folder: String, limits: Limits = Limits(), syncFailed: @escaping @Sendable (FileFailure) -> Void = { _ in },
        now: @escaping @Sendable () -> Double = { wallClock() }
    ) {
        (self.folder, self.limits, self.syncFailed, self.now) = (folder, limits, syncFailed, now)
        let names = (try? Files.names(in: folder)) ?? []
        var found: [ExactText: PartialUpload] = [:]
        for name in names where name.hasSuffix(PartialUpload.noteEnding) {
            let id = String(name.dropLast(PartialUpload.noteEnding.count))
            guard let upload = PartialUpload(id: id, in: self), found[upload.key] == nil else { continue }
            found[upload.key] = upload
        }
        let known = Set(found.values.flatMap { [$0.path, $0.notePath] })
        for name in names where !known.contains("\(folder)/\(name)") { try? Files.remove("\(folder)/\(name)") }
        let kept = found
        uploads.withLock { $0 = kept }
        dropOld()
    }

    /// The key of an upload: the run or session, and the file's path.
    package static func key(_ target: RunTarget, _ path: ArtifactPath) -> ExactText {
        switch target {
        case .run(let run): ExactText("run \(run) \(path)")
        case .active(let session): ExactText("session \(session) \(path)")
        }
    }

    /// How much of an upload was received; nil if there is none.
    package func progress(of key: ExactText) -> (received: Int, total: Int)? {
        uploads.withLock { $0[key] }?.progress
    }

    /// Begins to take a part. Touches no file: never blocks.
    /// - Parameters:
    ///   - offset: where it begins; 0 restarts the upload. Bytes that were received from there on are sent again
    ///   - total: the length of the whole file, bytes
    package func begin(_ key: ExactText, at offset: Int, of total: Int) throws(Refusal) -> UploadPart {
        try uploads.withLock { uploads throws(Refusal) in
            if let known = uploads[key], known.progress.total == total {
                return UploadPart(of: known, try known.hold(from: offset), at: offset)
            }
            if offset > 0 {
                let known = uploads[key]?.progress
                throw .gap(received: known?.received ?? 0, total: known?.total)
            }
            try checkRoom(uploads, total, besides: uploads[key])
            let upload = PartialUpload(key: key, total: total, changed: now(), in: self)
            // An upload of another length is replaced; a request that is still sending it gets an error.
            let old = uploads.updateValue(upload, forKey: key)
            return UploadPart(of: upload, try upload.hold(from: 0), at: 0, insteadOf: old)
        }
    }

    private func checkRoom(
        _ uploads: [ExactText: PartialUpload], _ total: Int, besides replaced: PartialUpload?
    ) throws(Refusal) {
        let others = uploads.values.filter { $0 !== replaced }
        guard others.count < limits.count.most else {
            throw .full("incomplete uploads would be \(LimitExceeded(limits.count))")
        }
        guard others.isEmpty || others.reduce(total, { $0 + $1.progress.total }) <= limits.bytes.most else {
            throw .full("incomplete uploads would have \(LimitExceeded(limits.bytes))")
        }
    }

    /// Forgets an upload, unless another has replaced it.
    func forget(_ upload: PartialUpload) {
        uploads.withLock { if $0[upload.key] === upload { $0[upload.key] = nil } }
    }

    /// Drops uploads that have been idle for too long.
    func dropOld() {
        let oldest = now() - limits.age
        let old = uploads.withLock { uploads in
            let old = uploads.filter { $0.value.changed < oldest }
            for key in old.keys { uploads[key] = nil }
            return old.values.map { $0 }
        }
        for upload in old { upload.remove() }
    }

    var time: Double { now() }
}

/// A part of a file while it is received. Used by one thread at a time, which it may block.
package final class UploadPart: @unchecked Sendable {
    // Sendable: owned by a sink, whose methods are called one at a time.

    private let upload: PartialUpload
    private let hold: UInt64
    private let offset: Int
    private var replaced: PartialUpload?
    private var isOpen = false

    fileprivate init(of upload: PartialUpload, _ hold: UInt64, at offset: Int, insteadOf replaced: PartialUpload? = nil)
    {
        (self.upload, self.hold, self.offset, self.replaced) = (upload, hold, offset, replaced)
    }

    /// How much of the file was received.
    package var progress: (received: Int, total: Int) { upload.progress }
    /// Whether all of it was received.
    package var isComplete: Bool { progress.received == progress.total }

    private func open() throws {
        if isOpen { return }
        upload.dropOthersThatAreOld()
        replaced?.remove()
        replaced = nil
        try upload.open(hold, at: offset)
        isOpen = true
    }

    /// Adds bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try open()
        try upload.write(bytes, hold)
    }

    /// Ends the part: syncs what was received.
    package func end() throws {
        try open()
        try upload.confirm(hold)
    }

    /// Discards the part, which is invalid: the upload is cut to where the part began.
    package func withdraw() {
        try? upload.open(hold, at: offset)
        try? upload.confirm(hold)
    }

    /// The part was interrupted: keeps what was received, if anything.
    package func cut() { if progress.received == 0 { drop() } else { try? end() } }

    /// Turns the complete upload into a file to be published.
    package func stage(in scratch: Scratch) throws -> StagingFile { try upload.stage(hold, in: scratch) }

    /// Ends the upload if the file was published; else restores it.
    package func staged(_ file: StagingFile, isPublished: Bool) {
        if isPublished { upload.forget(hold) } else { upload.takeBack(file, hold) }
    }

    /// Drops the upload: it is complete but its content is wrong.
    package func drop() { upload.forget(hold) }

    /// Reads what was received, from the beginning.
    package func read(_ body: (UnsafeRawBufferPointer) -> Void) throws { try upload.read(hold, body) }
}
