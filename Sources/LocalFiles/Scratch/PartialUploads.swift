internal import Glibc
package import JSON
package import Limits
package import RunMetadata
internal import Synchronization

/// Files of which only a part has come: kept outside of all runs until the rest comes, or for some days. None is seen in a run
/// before all of it is there.
///
/// Each is a file and a note beside it: which file it is to be, how long, and how many of its bytes are safe. Those survive a crash and
/// a power cut; what came after them is sent again. The notes say all there is to know, so there is nothing in the journal.
package final class PartialUploads: Sendable {
    /// What may be kept.
    package struct Limits: Sendable {
        /// Uploads at once.
        package var count = Limit(.files, most: 1000, setting: "--max-partial-uploads")
        /// Bytes of all of them, as announced. One alone is taken whatever its length.
        package var bytes = Limit(.bytes, most: 64 << 30, setting: "--max-partial-bytes")
        /// Seconds since a part came, after which an upload is dropped.
        package var age = 7.0 * 24 * 3600

        package init() {}
    }

    /// Why a part is not taken.
    package enum Refusal: Error, Equatable {
        /// It does not join on: so many bytes are there, of so many; of another file where the total is another.
        case gap(received: Int, total: Int?)
        /// A later request goes on with the upload.
        case superseded
        /// There are too many; says which limit.
        case full(String)
    }

    let folder: String
    private let limits: Limits
    let syncFailed: @Sendable (FileFailure) -> Void
    private let now: @Sendable () -> Double
    private let uploads = Mutex<[ExactText: PartialUpload]>([:])

    /// Finds what a server before has kept.
    /// - Parameters:
    ///   - folder: where it is kept
    ///   - syncFailed: told when a sync fails
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

    /// How an upload is found again: by the run or session, and the file's path.
    package static func key(_ target: RunTarget, _ path: ArtifactPath) -> ExactText {
        switch target {
        case .run(let run): ExactText("run \(run) \(path)")
        case .active(let session): ExactText("session \(session) \(path)")
        }
    }

    /// How much of an upload is there; nil where there is none.
    package func progress(of key: ExactText) -> (received: Int, total: Int)? {
        uploads.withLock { $0[key] }?.progress
    }

    /// Begins to take a part. Touches no file: never blocks.
    /// - Parameters:
    ///   - offset: where it begins; 0 begins the upload anew. What is there behind it is sent anew too
    ///   - total: bytes of the whole file
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
            // One of another length gives way; whoever still sends it is told.
            let old = uploads.updateValue(upload, forKey: key)
            return UploadPart(of: upload, try upload.hold(from: 0), at: 0, insteadOf: old)
        }
    }

    private func checkRoom(
        _ uploads: [ExactText: PartialUpload], _ total: Int, besides replaced: PartialUpload?
    ) throws(Refusal) {
        let others = uploads.values.filter { $0 !== replaced }
        guard others.count < limits.count.most else {
            throw .full("the uploads that wait for the rest of their files would be \(LimitExceeded(limits.count))")
        }
        guard others.isEmpty || others.reduce(total, { $0 + $1.progress.total }) <= limits.bytes.most else {
            throw .full("the uploads that wait would have \(LimitExceeded(limits.bytes))")
        }
    }

    /// Forgets an upload, unless another has its place.
    func forget(_ upload: PartialUpload) {
        uploads.withLock { if $0[upload.key] === upload { $0[upload.key] = nil } }
    }

    /// Drops those to which nothing has come for long.
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

/// A part of a file as it comes. Used by one thread at a time, which it may block.
package final class UploadPart: @unchecked Sendable {
    // Sendable: a sink's, whose methods are called one after the other.

    private let upload: PartialUpload
    private let hold: UInt64
    private let offset: Int
    private var replaced: PartialUpload?
    private var isOpen = false

    fileprivate init(of upload: PartialUpload, _ hold: UInt64, at offset: Int, insteadOf replaced: PartialUpload? = nil)
    {
        (self.upload, self.hold, self.offset, self.replaced) = (upload, hold, offset, replaced)
    }

    /// How much of the file is there.
    package var progress: (received: Int, total: Int) { upload.progress }
    /// Whether all of it is.
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

    /// The part is over: what came is made safe.
    package func end() throws {
        try open()
        try upload.confirm(hold)
    }

    /// The part is not what it should be: the upload is cut where it began.
    package func withdraw() {
        try? upload.open(hold, at: offset)
        try? upload.confirm(hold)
    }

    /// The part is cut off: what came is kept, unless that is nothing.
    package func cut() { if progress.received == 0 { drop() } else { try? end() } }

    /// All has come: a file to be published, in place of the upload.
    package func stage(in scratch: Scratch) throws -> StagingFile { try upload.stage(hold, in: scratch) }

    /// The file was published: the upload is over. Or it was not: then it is there again.
    package func staged(_ file: StagingFile, isPublished: Bool) {
        if isPublished { upload.forget(hold) } else { upload.takeBack(file, hold) }
    }

    /// All of the file has come, and it is not what was meant: the upload is dropped.
    package func drop() { upload.forget(hold) }

    /// What has come, read from the beginning.
    package func read(_ body: (UnsafeRawBufferPointer) -> Void) throws { try upload.read(hold, body) }
}
