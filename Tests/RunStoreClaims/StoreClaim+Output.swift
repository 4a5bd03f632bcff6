internal import JSON
internal import RunMetadata
internal import RunStore
internal import TestSupport
internal import Testing

extension StoreClaim {
    /// Console output.
    static let output = [
        StoreClaim("output is appended as it comes") { harness in
            let store = harness.store
            try store.initialise(.one)
            #expect(try store.output(.one, "a\nb").effect == .written)
            try store.output(.one, "c\n")
            #expect(try store.text(.output, of: .one) == "a\nbc\n")
        },
        StoreClaim("output of many writes at once is all there, in order, run by run") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.initialise(.two, session: .other)
            try store.output(.one, "begin\n")
            let writes = (0..<100).flatMap { line -> [RunWrite] in
                [RunID.one, .two].map {
                    RunWrite(.run($0), .change([.append(.output, head: [], Array("\($0) \(line)\n".utf8))]))
                }
            }
            for reply in try store.writeTogether(writes) { #expect((try? reply.get())?.effect == .written) }
            let lines = { (run: RunID) in (0..<100).map { "\(run) \($0)\n" }.joined() }
            #expect(try store.text(.output, of: .one) == "begin\n" + lines(.one))
            #expect(try store.text(.output, of: .two) == lines(.two))
        },
        StoreClaim("output that is replaced or removed in between goes on from there") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.output(.one, "far too long\n")
            let replies = try store.writeTogether([
                .append("old\n"), RunWrite(.run(.one), .change([.put(.output, Array("new\n".utf8))])),
                .append("more\n"),
            ])
            #expect(replies.allSatisfy { $0.refusal == nil })
            #expect(try store.text(.output, of: .one) == "new\nmore\n")
            _ = try store.writeTogether([
                .append("old\n"), RunWrite(.run(.one), .change([.remove(.output)])), .append("again\n"), .append("\n"),
            ])
            #expect(try store.text(.output, of: .one) == "again\n\n")
        },
        StoreClaim("output of one write goes together, behind one head") { harness in
            let store = harness.store
            try store.initialise(.one)
            let path = try #require(DataPath("log/x.txt"))
            let (head, line) = (Array("#\n".utf8), Array("a\n".utf8))
            try store.change(.one, .append(path, head: head, line), .append(path, head: head, line))
            #expect(try store.text(path, of: .one) == "#\na\na\n")
        },
        StoreClaim("output waits for its run, and for the session's next run") { harness in
            let store = harness.store
            #expect(try store.output(.one, "of the run\n").effect == .pending)
            let waiting = RunWrite(
                .active(.default), .change([.append(.output, head: [], Array("of the session\n".utf8))]))
            for reply in try store.writeTogether([waiting, waiting]) { #expect((try? reply.get())?.effect == .pending) }
            try store.initialise(.one)
            #expect(try store.text(.output, of: .one) == "of the run\nof the session\nof the session\n")
            try store.output(.one, "end\n")
            #expect(try store.text(.output, of: .one)?.hasSuffix("of the session\nend\n") == true)
        },
        StoreClaim("much output waits for the session's next run") { harness in
            let store = harness.store
            let much = String(repeating: "0123456789abcde\n", count: 10_000)
            try store.write(.active(.default), .change([.append(.output, head: [], Array(much.utf8))]))
            try store.initialise(.one)
            try store.output(.one, "end\n")
            try harness.reopen()
            #expect(try harness.store.text(.output, of: .one) == much + "end\n")
        },
        StoreClaim("short output is a property and a column; long output is neither, and no fault") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.output(.one, String(repeating: "a", count: ConsoleOutput.longestProperty - 1) + "\n")
            #expect(try store.property(.output, of: .one)?.count == 4095)
            #expect(try store.runs(RunQuery()).runs[0].columns["output"]?.string?.count == 4095)
            try store.output(.one, "b")
            #expect(try store.property(.output, of: .one) == nil)
            #expect(try store.runs(RunQuery()).runs[0].columns["output"] == nil)
            #expect(try store.snapshot(of: .one)?.summary.columns["output"] == nil)
            #expect(store.warnings.isEmpty)
            #expect(try store.property(.completed, of: .one) == "FALSE")
        },
        StoreClaim("output keeps a run from being stale") { harness in
            let store = harness.store
            try store.initialise(.one)
            let before = try #require(try store.snapshot(of: .one)).updated
            #expect(
                try eventually {
                    try store.output(.one, "a\n")
                    return try (store.snapshot(of: .one)?.updated ?? 0) > before
                })
            let updated = try #require(try store.snapshot(of: .one)).updated
            #expect(try abs(#require(store.runs(RunQuery()).runs.first).updated - updated) < 0.01)
        },
        StoreClaim("an archived run takes no output") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.output(.one, "a\n")
            try store.complete(.one)
            try store.output(.one, "after the end\n")
            try store.write(.run(.one), .archive)
            guard case .archived? = try store.refusal(of: .append("b\n")) else {
                Issue.record("the archived run took output")
                return
            }
            #expect(try store.text(.output, of: .one) == "a\nafter the end\n")
        },
    ]
}

extension RunWrite {
    /// Output for the first run.
    fileprivate static func append(_ text: String) -> RunWrite {
        RunWrite(.run(.one), .change([.append(.output, head: [], Array(text.utf8))]))
    }
}
