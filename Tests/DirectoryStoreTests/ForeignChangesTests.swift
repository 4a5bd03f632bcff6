import RunMetadata
import RunStore
import RunStoreClaims
import Synchronization
import TestSupport
import Testing

@testable import DirectoryStore

/// The server's own rows, which come while the directories are looked at: they are not told as another program's.
@Suite struct ForeignChangesTests {
    /// What happens when the looking thread is about to wait for the committer, once each.
    private final class Interruptions: Sendable {
        private let waiting = Mutex<[@Sendable () -> Void]>([])

        func add(_ body: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(body) } }

        func next() { waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }?() }

        var areOver: Bool { waiting.withLock { $0.isEmpty } }
    }

    private let folder = TemporaryFolder()
    private let feed = LocalChangeFeed()
    private let interruptions = Interruptions()
    private let foreign: ForeignChanges
    private let rows = "\(RunID.one)/tfruns.d/metrics.ndjson"

    init() {
        folder.write(".rundir/format", "")
        folder.write("\(RunID.one)/tfruns.d/properties/start", "1795499177.5\n")
        foreign = ForeignChanges(RunPaths(runs: folder.path), MetricsFiles(), feed) { [interruptions] body in
            interruptions.next()
            body()
        }
        feed.watch(true)
    }

    /// What is told before a document that another program writes now; nil if that is not told.
    private func told() -> [String]? {
        folder.write("\(RunID.one)/tfruns.d/flags.json", "{}")
        var told: [String] = []
        let isTold = eventually {
            told += feed.take().changes.map { "\($0.change.kind)" }
            return told.contains { $0.hasPrefix("file") }
        }
        return isTold ? told.filter { !$0.hasPrefix("file") } : nil
    }

    @Test func thoseThatComeWhileARunIsFirstSeen() {
        defer { foreign.stop() }
        interruptions.add { [folder, rows, foreign] in
            folder.write(rows, "{\"a\":1}\n")
            foreign.noteOwnRows(RunID.one.description)
        }
        foreign.follow(.one)
        #expect(interruptions.areOver && told() == [])
    }

    @Test func thoseThatComeAfterALook() {
        defer { foreign.stop() }
        foreign.follow(.one)
        interruptions.add { [folder, rows, foreign] in
            // The look has found the first, which is noted only now.
            foreign.noteOwnRows(RunID.one.description)
            folder.write(rows, "{\"a\":1}\n{\"a\":2}\n")
            foreign.noteOwnRows(RunID.one.description)
        }
        folder.write(rows, "{\"a\":1}\n")
        #expect(eventually { interruptions.areOver })
        #expect(told() == [])
        // Another program's are told.
        folder.write(rows, "{\"b\":1}\n")
        #expect(told() == ["metricsReplaced"])
    }
}
