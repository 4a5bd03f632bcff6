import Foundation
import JSON
import TestSupport
import Testing

@testable import Access

/// The audit log: its lines, its files, and what is done when it cannot be written.
@Suite struct AuditTests {
    private let folder = TemporaryFolder()
    private var audit: AuditFolder { AuditFolder(runs: folder.path) }

    init() throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/.rundir", withIntermediateDirectories: true)
        try audit.prepare()
    }

    private func entry(_ number: Int) -> AuditEntry {
        var entry = AuditEntry(time: 1_000_000 + Double(number), operation: "writeMetadata")
        (entry.method, entry.path, entry.runs, entry.status) = ("POST", "/runs/a", ["r\(number)"], 201)
        return entry
    }

    private func runs() throws -> [String] {
        var found: [String] = []
        try audit.read { found.append($0["run"]?.string ?? "") }
        return found
    }

    @Test func lineSaysWhoDidWhatToWhich() throws {
        var one = entry(1)
        (one.token, one.address, one.requestID) = (("ci", "abc"), "10.0.0.7", "1-2")
        let json = JSONValue.object(one.json)
        #expect(
            json == [
                "time": "1970-01-12T13:46:41Z", "token": "ci", "token_id": "abc", "address": "10.0.0.7",
                "operation": "writeMetadata", "method": "POST", "path": "/runs/a", "run": "r1", "status": 201,
                "request_id": "1-2",
            ])
        one.runs = (0..<1001).map { "r\($0)" }
        one.path = String(repeating: "é", count: 400)
        #expect(one.json["runs"]?.array?.count == 1000 && one.json["further_runs"] == 1)
        #expect((one.json["path"]?.string?.utf8.count ?? 0) <= 514)
    }

    /// A path is untrusted: whatever is in it, an entry is one line.
    @Test func entryIsOneLine() throws {
        var one = entry(1)
        one.path = "/runs/a\n{\"token\": \"forged\"}\u{1B}[2J"
        try audit.append([one, entry(2)])
        let text = try #require(folder.text(".rundir/audit/audit.ndjson"))
        #expect(text.split(separator: "\n").count == 2 && !text.contains("\u{1B}"))
        #expect(try runs() == ["r1", "r2"])
    }

    @Test func filesTurnOverBySizeAndTheOldestGo() throws {
        var limits = AuditFolder.Limits()
        (limits.size, limits.kept) = (300, 2)
        for number in 0..<20 {
            try audit.append([entry(number)])
            try audit.rotate(limits, now: 1_000_000)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/.rundir/audit").sorted()
        #expect(names.count == 3 && names.contains("audit.ndjson"))
        let left = try runs()
        #expect(left == (20 - left.count..<20).map { "r\($0)" } && left.count >= 4)
    }

    @Test func halfLinesAreLeftOut() throws {
        try audit.append([entry(1)])
        folder.write(
            ".rundir/audit/audit.ndjson", (folder.text(".rundir/audit/audit.ndjson") ?? "") + "{\"time\": \"2026")
        #expect(try runs() == ["r1"])
    }

    @Test func threadWritesAllThatCameBeforeItsEnd() throws {
        let log = AuditLog(audit)
        for number in 0..<500 { log.record(entry(number)) }
        log.stop()
        #expect(try runs() == (0..<500).map { "r\($0)" })
        #expect(log.lostCount == 0)
    }

    @Test func whatIsLostIsCountedAndTold() throws {
        // In the folder's place is a file, so nothing can be written.
        try FileManager.default.removeItem(atPath: "\(folder.path)/.rundir/audit")
        folder.write(".rundir/audit", "")
        let log = AuditLog(audit)
        for number in 0..<5 { log.record(entry(number)) }
        #expect(eventually { log.lostCount == 5 })
        try FileManager.default.removeItem(atPath: "\(folder.path)/.rundir/audit")
        log.record(entry(5))
        log.stop()
        var lost: [Int?] = []
        try audit.read { lost.append($0["lost"]?.number?.int) }
        #expect(lost == [nil, 5])
    }

    @Test func waitingEntriesAreBounded() throws {
        // No parent: writing fails at once, and the queue is what is measured.
        let log = AuditLog(AuditFolder(runs: "\(folder.path)/none"), room: 0)
        log.record(entry(1))
        #expect(log.lostCount == 1)
        log.stop()
    }

    /// A runs directory that is gone is not made anew.
    @Test func goneRunsDirectoryStaysGone() throws {
        let log = AuditLog(AuditFolder(runs: "\(folder.path)/gone"))
        log.record(entry(1))
        log.stop()
        #expect(log.lostCount == 1 && !folder.exists("gone"))
    }
}
