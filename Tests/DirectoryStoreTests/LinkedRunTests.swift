import Glibc
import JSON
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// Links, and what is no file, in run directories that anyone has made.
@Suite struct LinkedRunTests {
    private let harness: DirectoryHarness
    private var store: any RunStore { harness.store }
    private var outside: String { "\(harness.folder.path)/outside" }
    private var data: String { "\(harness.runs)/one/tfruns.d" }

    init() throws {
        harness = try DirectoryHarness()
        try store.initialise(.one, flags: "{}")
        try store.initialise(.two)
        for name in ["secret", "flags.json", "note", "metrics.ndjson", "tfruns.d/flags.json"] {
            harness.folder.write("outside/\(name)", "{\"secret\":1}\n")
        }
    }

    /// All that is outside, by path.
    private var contents: [String: String] {
        var texts: [String: String] = [:]
        for name in Tree.names(outside) + ["tfruns.d/flags.json"] {
            texts[name] = harness.folder.text("outside/\(name)")
        }
        return texts
    }

    /// Puts a link at a path below the data directory (empty: itself) of run one.
    private func link(_ name: String, to target: String) {
        let path = name.isEmpty ? data : "\(data)/\(name)"
        Tree.remove(path)
        Tree.unlink(path)
        Tree.link(path, to: target)
    }

    private func expectOutOfReach(_ body: () throws -> Void) {
        let error = #expect(throws: StoreError.self) { try body() }
        guard case .outOfReach = error else {
            _ = Issue.record("\(String(describing: error))")
            return
        }
    }

    /// A place in a data directory, and the file of metadata that it leads to.
    private static let places: [(String, String, DataPath)] = [
        ("flags.json", "outside/flags.json", .flags),
        ("metrics.ndjson", "outside/metrics.ndjson", .metricsRows),
        ("properties/note", "outside/note", .property(.note)),
        ("properties", "outside", .property(.note)),
        ("", "outside", .flags),
    ]

    /// Fails when metadata is read through a link that leads out of the run's directory.
    @Test(arguments: places)
    func noMetadataIsReadThroughALinkThatLeadsOut(_ place: (String, String, DataPath)) throws {
        link(place.0, to: "\(harness.folder.path)/\(place.1)")
        expectOutOfReach { _ = try store.file(place.2, of: .one)?.read() }
        let snapshot = try? store.snapshot(of: .one)
        #expect(snapshot?.summary.columns["metric_secret"] == nil)
        #expect(snapshot?.summary.columns["flag_secret"] == nil)
        #expect(snapshot?.summary.columns["note"] == nil)
        #expect(try store.listed().contains("two"))
        let texts = (try? store.bundle(of: .one).texts()) ?? [:]
        #expect(!texts.values.contains { $0.contains("secret") })
    }

    /// Fails when metadata is written through a link, or when the refusal is a fault of the server's.
    @Test(arguments: places)
    func noMetadataIsWrittenThroughALink(_ place: (String, String, DataPath)) throws {
        link(place.0, to: "\(harness.folder.path)/\(place.1)")
        let before = contents
        expectOutOfReach {
            switch place.2 {
            case .metricsRows: try store.rows(.one, #"{"a":1}"#)
            case .flags: try store.change(.one, .put(.flags, "{}"))
            default: try store.change(.one, .property(.note, "n"))
            }
        }
        #expect(contents == before)
        #expect(try store.rows(.two, #"{"a":1}"#).effect == .written)
        #expect((store as? DirectoryRunStore)?.failure == nil)
    }

    @Test func aLinkThatStaysInTheRunIsReadAndNotWrittenThrough() throws {
        harness.folder.write("runs/one/kept.json", "{\"a\":1}")
        link("flags.json", to: "../kept.json")
        #expect(try store.text(.flags, of: .one) == "{\"a\":1}")
        #expect(try store.snapshot(of: .one)?.summary.columns["flag_a"] != nil)
        expectOutOfReach { try store.change(.one, .put(.flags, "{}")) }
        #expect(harness.folder.text("runs/one/kept.json") == "{\"a\":1}")
    }

    /// Fails when what is behind a run's link is served, changed or emptied.
    @Test func aRunThatIsALinkIsLeftAlone() throws {
        let run = try #require(RunID("linked"))
        Tree.link("\(harness.runs)/linked", to: outside)
        let before = contents
        let writes: [RunWrite.Action] = [
            .purge(force: true), .archive, .restore, .complete(RunEnd()), .change([.put(.flags, Array("{}".utf8))]),
            .change([.rows(try .make([#"{"a":1}"#]))]), .initialise(session: .default, RunStart()),
        ]
        for action in writes {
            #expect(try store.refusal(of: RunWrite(.run(run), action)) == .runIsLink(run))
        }
        #expect(throws: StoreError.runIsLink(run)) { try store.snapshot(of: run) }
        #expect(throws: StoreError.runIsLink(run)) { try store.file(.flags, of: run) }
        #expect(contents == before)
        #expect(try !store.listed().contains("linked"))
    }

    /// The directory becomes a link between a look at it and the purge: what was set aside is a link then.
    @Test func ofALinkThatWasPurgedTheLinkAloneGoes() throws {
        let applier = RecordApplier(paths: RunPaths(runs: harness.runs))
        applier.note("two", at: .initialised)
        Tree.rename("\(harness.runs)/two", to: "\(harness.folder.path)/aside")
        Tree.link("\(harness.runs)/two", to: outside)
        let before = contents
        try applier.apply([RedoRecord("two", .delete(aside: "gone"))])
        #expect(contents == before)
        #expect(!harness.folder.exists("runs/two"))
    }

    /// What is no file in the place of one refuses writes to that run, and its other metadata is served.
    @Test(arguments: ["fifo", "socket", "folder"])
    func whatIsNoFileIsMissingForReadingAndRefusedForWriting(_ kind: String) throws {
        for name in ["flags.json", "metrics.ndjson", "properties/note"] {
            let path = "\(data)/\(name)"
            Tree.unlink(path)
            switch kind {
            case "fifo": mkfifo(path, 0o600)
            case "socket": mknod(path, S_IFSOCK | 0o600, 0)
            default: Tree.makeDirectory(path)
            }
        }
        #expect(try store.file(.flags, of: .one) == nil)
        #expect(try store.snapshot(of: .one)?.summary.columns["type"] != nil)
        for change: DataChange in [
            .put(.flags, Array("{}".utf8)), .rows(try .make([#"{"a":1}"#])), .property(.note, "n"),
        ] {
            let error = #expect(throws: StoreError.self) { try store.change(.one, change) }
            guard case .pathTaken = error else {
                _ = Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try store.listed().count == 2)
        #expect((store as? DirectoryRunStore)?.failure == nil)
    }

    /// A crash, and then links in the run: fails when recovery writes through them, or does not start.
    @Test(arguments: ["tfruns.d", "tfruns.d/properties", "tfruns.d/flags.json"])
    func recoveryWritesThroughNoLink(_ name: String) throws {
        try store.change(.one, .put(.flags, "{\"b\":2}"))
        try store.change(.one, .property(.note, "n"))
        try store.change(.two, .put(.flags, "{\"c\":3}"))
        let before = contents
        try harness.crash {
            Tree.rename("\(harness.runs)/one/\(name)", to: "\(harness.folder.path)/aside")
            let target = name.hasSuffix(".json") ? "outside/flags.json" : "outside"
            Tree.link("\(harness.runs)/one/\(name)", to: "\(harness.folder.path)/\(target)")
        }
        #expect(contents == before)
        #expect(harness.onDisk(.flags, of: .two) == "{\"c\":3}")
        #expect(try store.change(.two, .property(.note, "n")).effect == .written)
        // What could not be done is kept for whoever mends the run.
        #expect(Tree.names("\(harness.runs)/.rundir/journal").contains { $0.hasSuffix(".unapplied") })
    }

    /// A run's directory to which something is journaled must not stop the checkpoint of others.
    @Test func aFileThatIsNoFileAnyMoreDoesNotStopCheckpoints() throws {
        try store.rows(.one, #"{"a":1}"#)
        Tree.unlink("\(data)/metrics.ndjson")
        Tree.link("\(data)/metrics.ndjson", to: "\(outside)/nowhere")
        mknod("\(data)/flags.json.new", S_IFSOCK | 0o600, 0)
        Tree.rename("\(data)/flags.json.new", to: "\(data)/flags.json")
        harness.close()
        #expect(Tree.names("\(harness.runs)/.rundir/journal").isEmpty)
    }
}
