internal import DequeModule
internal import RunMetadata
internal import RunStore
internal import Threads

/// Uploads the large files of writes to the object store before the writes are committed, so that a committed write
/// names only complete objects. Few files are uploaded at a time. Other writes do not wait for uploads, and uploads do
/// not wait for them without end.
final class Uploader: Sendable {
    typealias Completion = @Sendable (Result<WriteOutcome, StoreError>) -> Void

    private struct Job: Sendable {
        let write: RunWrite
        let uploads: UploadedObjects
        let completion: Completion
        /// When its wait for a thread began (CLOCK_MONOTONIC, nanoseconds).
        let since: UInt64
    }

    private struct State: Sendable {
        var waiting: Deque<Job> = []
        /// Objects that no file will name.
        var givenUp: [UploadedObjects.Object] = []
        /// The number of writes whose place is being reserved.
        var reserving = 0
        /// `isClosing`: no more writes are taken. `isClosed`: none is being reserved any more. `isOver`: all uploads
        /// have ended.
        var isClosing = false, isClosed = false, isOver = false
        var threads: [Thread] = []
        var clerk: Thread?
    }

    private let objects: any ObjectStore
    private let pool: ConnectionPool
    private let reachability: ObjectReachability
    private let committer: Committer
    /// The least size of a file that becomes an object, bytes.
    private let least: Int
    private let patience: Double
    private let state = Monitor(State())

    /// - Parameters:
    ///   - least: the least size of a file that becomes an object, bytes
    ///   - threads: the most files that are uploaded at once
    ///   - patience: seconds that a write waits for its upload to begin
    init(
        to objects: any ObjectStore, from least: Int, threads: Int, patience: Double, pool: ConnectionPool,
        committer: Committer, reachability: ObjectReachability
    ) {
        (self.objects, self.least, self.patience) = (objects, least, patience)
        (self.pool, self.committer, self.reachability) = (pool, committer, reachability)
        let started = (0..<threads).map { _ in Thread(named: "uploader") { self.work() } }
        let clerk = Thread(named: "upload clerk") { self.keepBooks() }
        state.withLock { ($0.threads, $0.clerk) = (started, clerk) }
    }

    /// Takes over a write with large files, and hands it to the committer once they are uploaded.
    /// - Returns: false if the write has no large files
    func submit(_ write: RunWrite, completion: @escaping Completion) -> Bool {
        let uploads: UploadedObjects
        do throws(StoreError) {
            uploads = try UploadedObjects(for: write, from: least, rest: committer.settings.mostBytes)
        } catch {
            completion(.failure(error))
            return true
        }
        if uploads.isEmpty { return false }
        let isTaken = state.withLock { state in
            if !state.isClosing { state.reserving += 1 }
            return !state.isClosing
        }
        if !isTaken {
            completion(.failure(.stopping))
            return true
        }
        committer.reserve(write, uploads) { self.enqueue(write, uploads, $0, completion) }
        return true
    }

    private func enqueue(
        _ write: RunWrite, _ uploads: UploadedObjects, _ result: Result<Reservation, StoreError>,
        _ completion: @escaping Completion
    ) {
        var (write, uploads) = (write, uploads)
        if case .success(let reservation) = result {
            uploads.reservation = reservation
            // Another run may become the session's active one during the upload.
            if let run = reservation.run {
                write = RunWrite(.run(run), write.action, needsRun: write.needsRun, sender: write.sender)
            }
        }
        let job = Job(write: write, uploads: uploads, completion: completion, since: monotonicNanoseconds())
        state.changeForAll { state in
            state.reserving -= 1
            if case .success = result { state.waiting.append(job) }
        }
        if case .failure(let error) = result { completion(.failure(error)) }
    }

    /// Takes no more writes. Returns when those that wait have been handed on or refused.
    func close() {
        state.changeForAll { $0.isClosing = true }
        state.wait { $0.reserving == 0 ? () : nil }
        let threads = state.changeForAll { state in
            state.isClosed = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
        let clerk = state.changeForAll { state in
            state.isOver = true
            defer { state.clerk = nil }
            return state.clerk
        }
        clerk?.join()
    }

    // MARK: Uploading

    private func work() {
        while let job = next() { upload(job) }
    }

    private func next() -> Job? {
        state.wait { state -> Job?? in
            if let job = state.waiting.popFirst() { return job }
            return state.isClosed ? .some(nil) : nil
        }
    }

    private func upload(_ job: Job) {
        do throws(StoreError) {
            for (path, object) in job.uploads.byFile {
                do throws(StoreError) {
                    try objects.put(path, size: object.size, as: object.name)
                    reachability.note(nil)
                } catch {
                    reachability.note(error)
                    throw error
                }
            }
        } catch { return refuse(job, error) }
        committer.submit(job.write, job.uploads) { result in
            if case .failure = result { self.giveUp(job.uploads) }
            job.completion(result)
        }
    }

    private func refuse(_ job: Job, _ error: StoreError) {
        giveUp(job.uploads)
        job.completion(.failure(error))
    }

    private func giveUp(_ uploads: UploadedObjects) { state.changeForAll { $0.givenUp += uploads.all } }

    // MARK: Writes that are not uploaded

    /// Refuses the writes that have waited for too long, and releases objects that no file will name for removal.
    private func keepBooks() {
        while true {
            let seconds = state.withLock { rest($0) }
            let hasNews = { (state: inout State) -> Void? in
                let isFirst = seconds == nil && !state.waiting.isEmpty
                return isFirst || !state.givenUp.isEmpty || state.isOver ? () : nil
            }
            if let seconds { _ = state.wait(seconds: seconds, hasNews) } else { state.wait(hasNews) }
            let (late, givenUp, isOver) = state.withLock { state in
                var late: [Job] = []
                while rest(state) == 0, let job = state.waiting.popFirst() { late.append(job) }
                defer { state.givenUp = [] }
                return (late, state.givenUp, state.isOver)
            }
            for job in late {
                refuse(
                    job,
                    .objectsUnreachable(
                        "the upload has not begun within \(Int(patience.rounded(.up))) s, since those before it go on"))
            }
            // If this fails, they are removed a day later.
            if !givenUp.isEmpty { _ = try? giveUp(givenUp) }
            if isOver, givenUp.isEmpty { return }
        }
    }

    /// Seconds until the first waiting write has waited for too long; nil: no write waits.
    private func rest(_ state: State) -> Double? {
        guard let first = state.waiting.first else { return nil }
        return max(0, patience - Double(monotonicNanoseconds() - first.since) / 1e9)
    }

    private func giveUp(_ objects: [UploadedObjects.Object]) throws(StoreError) {
        _ = try pool.read { connection throws(DatabaseError) in try connection.run(ObjectNotes.giveUp(objects)) }
    }
}
