import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

/// Clients that write, each something else, until they are told to stop.
final class BackupLoad: Sendable {
    /// A write was not acknowledged.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// What was acknowledged.
    struct Facts {
        /// The last epoch, by run.
        var rows: [String: Int] = [:]
        var pair = 0
        var frame = 0
        /// Numbers of runs: those that something was sent to, and what became of them.
        var pending: Set<Int> = []
        var initialised: Set<Int> = []
        var completed: Set<Int> = []
        /// What was sent to a session's next run.
        var sessions: [String: Int] = [:]
    }

    private struct State {
        var facts = Facts()
        var isStopping = false
        var backupBegan = ContinuousClock.now
        var failures: [String] = []
    }

    private let server: Server
    private let waiting: Int
    private let state = Mutex(State())
    private let group = DispatchGroup()

    init(server: Server, waiting: Int) {
        (self.server, self.waiting) = (server, waiting)
    }

    var facts: Facts { state.withLock { $0.facts } }
    var hasFailed: Bool { state.withLock { !$0.failures.isEmpty } }

    /// A backup begins: from now on the clients pause longer and longer, so that it ends on a slow machine too.
    func noteBackup() { state.withLock { $0.backupBegan = .now } }

    /// Makes the runs that are written to, and starts the clients.
    func start() throws {
        let client = try server.connect()
        for run in ["pair", "frame", "rows-0", "rows-1"] { try expect(client.send("PUT", "/runs/\(run)")) }
        try expect(client.sendJSON("POST", "/runs/frame/metadata/metrics", #"{"v": [0]}"#))
        try expect(client.sendJSON("POST", "/runs/pair/metadata/properties", #"{"a": 0, "b": 0}"#))
        for number in 0..<waiting { try expect(client.send("PUT", "/runs/moved-\(number)")) }
        mkdir("\(server.runs)/archive", 0o755)
        repeating { client, number in try self.writeRow("rows-0", client, number) }
        repeating { client, number in try self.writeRow("rows-1", client, number) }
        repeating(writePair)
        repeating(replaceFrame)
        repeating(goThroughARunsLife)
        repeating(beginByASession)
        repeating(moveToTheArchiveAndBack)
    }

    /// Stops all clients.
    func stop() {
        state.withLock { $0.isStopping = true }
        #expect(group.wait(timeout: .now() + 60) == .success)
        for failure in state.withLock({ $0.failures }) { Issue.record("\(failure)") }
        state.withLock { $0.failures = [] }
    }

    private func repeating(_ step: @escaping @Sendable (HTTPClient, Int) throws -> Void) {
        group.enter()
        Thread.detachNewThread { [self] in
            defer { group.leave() }
            do {
                let client = try server.connect()
                var number = 1
                while !state.withLock({ $0.isStopping }) {
                    try step(client, number)
                    number += 1
                }
            } catch {
                state.withLock { $0.failures.append("\(error)") }
            }
        }
    }

    // MARK: Steps

    private func writeRow(_ run: String, _ client: HTTPClient, _ number: Int) throws {
        try expect(client.sendJSON("POST", "/runs/\(run)/metadata/metrics", #"{"epoch": \#(number), "loss": 0.5}"#))
        state.withLock { $0.facts.rows[run] = number }
        pause(milliseconds: 2)
    }

    /// One write, two files.
    private func writePair(_ client: HTTPClient, _ number: Int) throws {
        try expect(
            client.sendJSON("POST", "/runs/pair/metadata/properties", #"{"a": \#(number), "b": \#(number)}"#))
        state.withLock { $0.facts.pair = number }
        pause(milliseconds: 250)
    }

    /// A whole frame, which takes the rows' place, then a row, for which the frame becomes rows.
    private func replaceFrame(_ client: HTTPClient, _ number: Int) throws {
        let path = "/runs/frame/metadata/metrics"
        try expect(client.sendJSON("POST", path + "?replace=true", #"{"v": [\#(number), \#(number)]}"#))
        state.withLock { $0.facts.frame = number }
        try expect(client.sendJSON("POST", path, #"{"v": \#(number)}"#))
        pause(milliseconds: 250)
    }

    /// Sends something to a run, initialises one that has waited for long, and ends it.
    private func goThroughARunsLife(_ client: HTTPClient, _ number: Int) throws {
        try expect(client.sendJSON("POST", "/runs/run-\(number)/metadata/flags", #"{"number": \#(number)}"#))
        state.withLock { _ = $0.facts.pending.insert(number) }
        pause(milliseconds: 5)
        let earlier = number - waiting
        guard earlier > 0 else { return }
        try expect(client.send("PUT", "/runs/run-\(earlier)"))
        state.withLock { _ = $0.facts.initialised.insert(earlier) }
        try expect(client.sendEmpty("POST", "/runs/run-\(earlier)/complete"))
        state.withLock { _ = $0.facts.completed.insert(earlier) }
    }

    /// Sends something to the run that a session will begin, and has the session of earlier begin it.
    private func beginByASession(_ client: HTTPClient, _ number: Int) throws {
        let session = "session-\(number)"
        try expect(
            client.sendJSON("POST", "/runs/active/metadata/flags", #"{"number": \#(number)}"#, session: session))
        state.withLock { $0.facts.sessions[session] = number }
        pause(milliseconds: 5)
        guard number > waiting else { return }
        let earlier = "session-\(number - waiting)"
        try expect(client.send("PUT", "/runs/\(earlier)", headers: [("Run-Session", earlier)]))
    }

    /// As the server does it, by renaming.
    private func moveToTheArchiveAndBack(_: HTTPClient, _ number: Int) throws {
        let (run, archived) = (
            "\(server.runs)/moved-\(number % waiting)", "\(server.runs)/archive/moved-\(number % waiting)"
        )
        if rename(run, archived) != 0 { rename(archived, run) }
        pause(milliseconds: 20)
    }

    /// Gives the others their turn, and a backup its moment between two writes to the same run.
    private func pause(milliseconds: Int) {
        let backup = state.withLock { ContinuousClock.now - $0.backupBegan }
        usleep(UInt32(milliseconds * 1000 * Int(1 + backup / .seconds(5))))
    }

    private func expect(_ reply: HTTPClient.Reply) throws {
        guard (200...202).contains(reply.status) else {
            throw Refusal(description: "\(reply.status): \(reply.text)")
        }
    }
}
