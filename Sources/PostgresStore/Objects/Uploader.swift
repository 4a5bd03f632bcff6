internal import DequeModule
internal import RunMetadata
internal import RunStore
internal import Threads

/// Brings the large files of writes into the object store, before the writes are committed: a write that is committed names objects
/// that are complete. Few at a time; other writes do not wait for them.
final class Uploader: Sendable {
    typealias Completion = @Sendable (Result<WriteOutcome, StoreError>) -> Void

    private enum Job: Sendable {
        case upload(RunWrite, Completion)
        case giveUp([UploadedObjects.Object])
    }

    private struct State: Sendable {
        var waiting: Deque<Job> = []
        var isClosed = false
        var threads: [Thread] = []
    }

    private let objects: any ObjectStore
    private let pool: ConnectionPool
    private let reachability: ObjectReachability
    private let committer: Committer
    /// Bytes from which on a file becomes an object.
    private let least: Int
    private let state = Monitor(State())

    /// - Parameters:
    ///   - least: bytes from which on a file becomes an object
    ///   - threads: how many files are on their way at once
    init(
        to objects: any ObjectStore, from least: Int, threads: Int, pool: ConnectionPool, committer: Committer,
        reachability: ObjectReachability
    ) {
        (self.objects, self.least, self.pool, self.committer, self.reachability) = (
            objects, least, pool, committer, reachability
        )
        let started = (0..<threads).map { _ in Thread(named: "uploader") { self.work() } }
        state.withLock { $0.threads = started }
    }

    /// Takes over a write that brings large files, and hands it to the committer once they are uploaded.
    /// - Returns: false if it brings none
    func submit(_ write: RunWrite, completion: @escaping Completion) -> Bool {
        if !UploadedObjects.mayBeNeeded(for: write, from: least) { return false }
        let isTaken = enqueue(.upload(write, completion))
        if !isTaken { completion(.failure(.stopping)) }
        return true
    }

    private func enqueue(_ job: Job) -> Bool {
        state.changeForOne { state in
            if state.isClosed { return false }
            state.waiting.append(job)
            return true
        }
    }

    /// Takes no more writes, and returns when those that wait have been handed on or refused.
    func close() {
        let threads = state.changeForAll { state in
            state.isClosed = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    private func work() {
        while let job = next() {
            switch job {
            case .upload(let write, let completion): upload(write, completion)
            // Else it is removed a day later.
            case .giveUp(let objects): _ = try? run(ObjectNotes.giveUp(objects))
            }
        }
    }

    private func next() -> Job? {
        state.wait { state -> Job?? in
            if let job = state.waiting.popFirst() { return job }
            return state.isClosed ? .some(nil) : nil
        }
    }

    private func upload(_ write: RunWrite, _ completion: @escaping Completion) {
        var uploads = UploadedObjects()
        do throws(StoreError) {
            uploads = try UploadedObjects(for: write, from: least)
            if !uploads.isEmpty { try run(ObjectNotes.begin(uploads.all)) }
            for (path, object) in uploads.byFile {
                do throws(StoreError) {
                    try objects.put(path, size: object.size, as: object.name)
                    reachability.note(nil)
                } catch {
                    reachability.note(error)
                    throw error
                }
            }
        } catch {
            if !uploads.isEmpty { _ = try? run(ObjectNotes.giveUp(uploads.all)) }
            return completion(.failure(error))
        }
        let isUploaded = !uploads.isEmpty
        let all = uploads.all
        committer.submit(write, uploads) { result in
            if case .failure = result, isUploaded { _ = self.enqueue(.giveUp(all)) }
            completion(result)
        }
    }

    private func run(_ statement: Statement) throws(StoreError) {
        _ = try pool.read { connection throws(DatabaseError) in try connection.run(statement) }
    }
}
