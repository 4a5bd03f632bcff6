import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct MetricsLogsTests {
    private let folder = TemporaryFolder()
    private let logs: MetricsLogs
    private let row = Array("{\"a\":1}\n".utf8)

    init() {
        logs = MetricsLogs(paths: RunPaths(runs: folder.path))
        logs.beginBatch()
    }

    private var rows: String? { folder.text("run/tfruns.d/metrics.ndjson") }

    private func log() throws -> MetricsLogs.Log {
        guard case .log(let log) = try logs.look(up: "run") else { throw NoReply() }
        return log
    }

    /// What looking a folder up comes to, in words.
    private func found(_ folder: String) throws -> String {
        switch try logs.look(up: folder) {
        case .log(let log): "\(log.end) bytes of a run that is \(log.place)"
        case .needsSeed(let place): "a frame of a run that is \(place)"
        case .none(let place): "no metrics of a run that is \(place)"
        case .noRun: "no run"
        }
    }

    @Test func lookingUpTellsWhatIsThere() throws {
        #expect(try found("run") == "no run")
        folder.write("run/tfruns.d/flags.json", "{}")
        #expect(try found("run") == "no metrics of a run that is initialised")
        folder.write("run/tfruns.d/metrics.json", "{}")
        #expect(try found("run") == "a frame of a run that is initialised")
        folder.write("run/tfruns.d/metrics.ndjson", "{\"a\":0}\n")
        #expect(try found("run") == "8 bytes of a run that is initialised")
        folder.write("archive/old/tfruns.d/flags.json", "{}")
        #expect(try found("old") == "no metrics of a run that is archived")
    }

    @Test func plannedRowsFollowOneAnotherAndAreWrittenTogether() throws {
        folder.write("run/tfruns.d/metrics.ndjson", "{\"a\":0}\n")
        #expect(try log().plan(row) == 8)
        #expect(try log().plan(row) == 16)
        logs.add(row, to: try log())
        logs.add(row, to: try log())
        #expect(rows == "{\"a\":0}\n")
        #expect(logs.flush().isEmpty)
        #expect(rows == "{\"a\":0}\n{\"a\":1}\n{\"a\":1}\n")
        logs.beginBatch()
        #expect(try log().end == 24)
        #expect(logs.flush().isEmpty)
        #expect(rows == "{\"a\":0}\n{\"a\":1}\n{\"a\":1}\n")
    }

    @Test func theFileOfNewRowsIsMadeWhenTheyAreWritten() throws {
        folder.write("run/tfruns.d/flags.json", "{}")
        let log = logs.make("run", .initialised)
        #expect(log.plan(row) == 0)
        #expect(rows == nil)
        logs.add(row, to: log)
        #expect(logs.flush().isEmpty)
        #expect(rows == "{\"a\":1}\n")
    }

    @Test func whatWasPlannedAndForgottenIsNotWritten() throws {
        folder.write("run/tfruns.d/metrics.ndjson", "{\"a\":0}\n")
        _ = try log().plan(row)
        logs.forget("run")
        #expect(logs.open("run") == nil)
        #expect(try log().end == 8)
    }

    @Test func rowsThatCannotBeWrittenAreNamedAndOthersAre() throws {
        folder.write("run/tfruns.d/metrics.ndjson", "")
        _ = try log().plan(row)
        logs.add(row, to: try log())
        let gone = logs.make("gone", .initialised)
        _ = gone.plan(row)
        logs.add(row, to: gone)
        let failures = logs.flush()
        #expect(Array(failures.keys) == ["gone"])
        #expect(failures["gone"]?.call == "open")
        #expect(rows == "{\"a\":1}\n")
        #expect(logs.open("gone") == nil)
    }

    @Test(arguments: [true, false])
    func fileThatWasRemovedOrLengthenedIsNoticedInTheNextBatch(isWatched: Bool) throws {
        let logs = MetricsLogs(paths: RunPaths(runs: folder.path), watch: isWatched ? NameWatch() : nil)
        func end() throws -> Int? {
            logs.beginBatch()
            guard case .log(let log) = try logs.look(up: "run") else { return nil }
            return log.end
        }
        folder.write("run/tfruns.d/metrics.ndjson", "{\"a\":0}\n")
        for _ in 0..<3 { #expect(try end() == 8) }
        Tree.write(row, folder.path + "/run/tfruns.d/metrics.ndjson", mode: "a")
        for _ in 0..<3 { #expect(try end() == 16) }
        Tree.unlink(folder.path + "/run/tfruns.d/metrics.ndjson")
        #expect(try end() == nil)
        folder.write("run/tfruns.d/metrics.ndjson", "")
        for _ in 0..<3 { #expect(try end() == 0) }
    }

    @Test func logsThatWereUsedLeastLatelyAreClosedWhenThereAreMany() {
        let logs = MetricsLogs(paths: RunPaths(runs: folder.path), capacity: 3)
        for name in ["a", "b", "c", "d"] {
            logs.beginBatch()
            _ = logs.make(name, .initialised)
        }
        #expect(["a", "b", "c", "d"].allSatisfy { logs.open($0) != nil })
        logs.beginBatch()
        #expect(["a", "b", "c", "d"].filter { logs.open($0) != nil } == ["d"])
    }
}
