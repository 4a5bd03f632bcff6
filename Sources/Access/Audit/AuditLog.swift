package import Logging
internal import Synchronization
internal import Threads

/// Writes the audit log on a thread of its own, so that nobody waits for its disk.
///
/// The number of waiting entries is bounded. An entry for which there is no room, or that cannot be written, is lost;
/// the next entry in the log says how many were, and so does `lostCount`.
package final class AuditLog: Sendable {
    private struct State: Sendable {
        var waiting: [AuditEntry] = []
        var lost = 0
        var isStopping = false
    }

    private let folder: AuditFolder
    private let limits: AuditFolder.Limits
    private let log: Logger
    private let room: Int
    private let state = Monitor(State())
    private let lost = Atomic<Int>(0)
    private let ended = Gate()

    /// Starts the thread; `stop()` ends it.
    /// - Parameter room: the most waiting entries
    package init(
        _ folder: AuditFolder, _ limits: AuditFolder.Limits = AuditFolder.Limits(), room: Int = 20_000,
        log: Logger = Logger(label: "audit")
    ) {
        (self.folder, self.limits, self.room, self.log) = (folder, limits, room, log)
        Thread(named: "audit", .low) { [self] in
            work()
            ended.open()
        }.detach()
    }

    /// Adds an entry. Never waits for the disk.
    package func record(_ entry: AuditEntry) {
        state.changeForOne { state in
            if state.waiting.count < room, !state.isStopping {
                state.waiting.append(entry)
            } else {
                state.lost += 1
                lost.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }

    /// Entries that were lost since the start.
    package var lostCount: Int { lost.load(ordering: .relaxed) }

    /// Writes the waiting entries, and ends the thread.
    package func stop() {
        state.changeForOne { $0.isStopping = true }
        _ = ended.wait(seconds: 5)
    }

    private func work() {
        // The folder is made now, and again only after a failure: a folder that is being removed is left alone.
        var hasFailed = (try? folder.prepare()) == nil
        var isTold = false
        while true {
            let (entries, lostBefore, isStopping) = state.wait { state -> ([AuditEntry], Int, Bool)? in
                guard !state.waiting.isEmpty || state.isStopping else { return nil }
                defer { (state.waiting, state.lost) = ([], 0) }
                return (state.waiting, state.lost, state.isStopping)
            }
            if !entries.isEmpty { write(entries, lostBefore, &hasFailed, &isTold) }
            if isStopping { return }
        }
    }

    private func write(
        _ entries: [AuditEntry], _ lostBefore: Int, _ hasFailed: inout Bool, _ isTold: inout Bool
    ) {
        var lines = entries
        if lostBefore > 0, let last = entries.last {
            var note = AuditEntry(time: last.time, operation: "lost")
            note.lost = lostBefore
            lines.append(note)
        }
        do {
            if hasFailed { try folder.prepare() }
            try folder.append(lines)
            (hasFailed, isTold) = (false, false)
            // Tried again with the next entries.
            do { try folder.rotate(limits, now: entries.last?.time ?? 0) } catch {
                log.warning("the audit log cannot begin a new file: \(error)")
            }
        } catch {
            // Logged once until it works again: the disk may be full for long.
            if !isTold { log.error("entries of the audit log are lost: \(error)") }
            (hasFailed, isTold) = (true, true)
            lost.wrappingAdd(entries.count, ordering: .relaxed)
            state.withLock { $0.lost += entries.count + lostBefore }
        }
    }
}
