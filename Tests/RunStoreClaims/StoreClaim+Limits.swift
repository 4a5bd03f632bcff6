internal import Limits
internal import RunMetadata
internal import RunStore
internal import TestSupport
internal import Testing

extension StoreClaim {
    /// What a store takes no more of.
    static let limits = [
        StoreClaim("a run that is one too many is refused, and there is room again when one is purged") { harness in
            let limit = Limit(.runs, most: 2, setting: "--max-runs")
            let store = try harness.reopened { $0.mostRuns = limit }
            try store.initialise(.one)
            try store.initialise(.two)
            let third = RunWrite(.run(.three), .initialise(session: .default, RunStart()))
            #expect(try store.refusal(of: third) == .tooManyRuns(LimitExceeded(limit)))
            #expect(try store.snapshot(of: .three) == nil)
            #expect(try store.initialise(.one).existed, "one that is there is no new one")
            try store.write(.run(.one), .archive)
            #expect(try store.refusal(of: third) == .tooManyRuns(LimitExceeded(limit)), "archived ones count")
            #expect(try store.change(.three, .property(.note, "n")).effect == .pending, "pending ones do not")
            try store.write(.run(.one), .purge(force: false))
            #expect(try store.refusal(of: third) == nil)
            #expect(try store.property(.note, of: .three) == "n")
        },
        StoreClaim("a run takes no more bytes than it may, until some are removed") { harness in
            let limit = Limit(.bytes, most: 100_000, setting: "--max-run-bytes")
            let store = try harness.reopened { $0.mostRunBytes = limit }
            try store.initialise(.one)
            let (model, plot) = (ArtifactPath("model")!, ArtifactPath("plots/plot")!)
            try harness.publish(model, String(repeating: "m", count: 60_000))
            #expect(throws: StoreError.runFull(LimitExceeded(limit))) {
                try harness.publish(plot, String(repeating: "p", count: 60_000))
            }
            #expect(try store.file(plot, of: .one, page: .init(limit: 1)) == nil)
            try harness.publish(model, String(repeating: "m", count: 90_000))
            for type in [DataPath.flags, .evaluation] {
                let text = String(repeating: "x", count: 20_000)
                #expect(throws: StoreError.runFull(LimitExceeded(limit))) { try store.change(.one, .put(type, text)) }
                #expect(try store.text(type, of: .one) == nil)
            }
            try store.initialise(.two)
            try store.change(.two, .put(.flags, String(repeating: "x", count: 20_000)))
            try store.change(.one, .removeArtifact(model, if: { _ in true }))
            try harness.publish(plot, String(repeating: "p", count: 60_000))
        },
        StoreClaim("a run takes no more rows and output than it has room for, and goes on where there is some") {
            harness in
            let limit = Limit(.bytes, most: 50_000, setting: "--max-run-bytes")
            let store = try harness.reopened { $0.mostRunBytes = limit }
            try store.initialise(.one)
            let row = RunWrite(.run(.one), .change([.rows(try .make([#"{"step":1,"loss":0.123456789}"#]))]))
            var taken = 0
            while try store.refusal(of: row) == nil, taken < 2000 { taken += 1 }
            #expect((1000..<1700).contains(taken), "\(taken) rows of 30 bytes")
            #expect(try store.refusal(of: row) == .runFull(LimitExceeded(limit)))
            let output = RunWrite(.run(.one), .change([.append(.output, head: [], Array("line\n".utf8) + row.padding)]))
            #expect(try store.refusal(of: output) == .runFull(LimitExceeded(limit)))
            try harness.reopen()
            let again = harness.store
            #expect(try again.refusal(of: row) == .runFull(LimitExceeded(limit)), "also after a start")
            #expect(try again.complete(.one).effect == .written, "it can end")
            try again.write(.run(.one), .removeMetadata(.files([.metricsRows, .metricsFrame])))
            #expect(try again.refusal(of: row) == nil)
            #expect(try again.refusal(of: output) == nil)
        },
        StoreClaim("all runs take no more bytes than they may, until some are purged") { harness in
            let limit = Limit(.bytes, most: 100_000, setting: "--max-total-bytes")
            let store = try harness.reopened { $0.mostBytes = limit }
            let large = String(repeating: "x", count: 45_000)
            for run in [RunID.one, .two] { try store.initialise(run, flags: large) }
            let third = RunWrite(.run(.three), .change([.put(.flags, large)]))
            #expect(try store.refusal(of: third) == .storeFull(LimitExceeded(limit)), "pending ones count")
            #expect(try store.snapshot(of: .three) == nil)
            try store.write(.run(.one), .archive)
            #expect(try store.refusal(of: third) == .storeFull(LimitExceeded(limit)), "archived ones count")
            try store.write(.run(.one), .purge(force: false))
            #expect(try store.refusal(of: third) == nil)
            #expect(try store.initialise(.three).effect == .written, "the bytes are counted already")
        },
        StoreClaim("metrics have no more columns than they may, over all their rows") { harness in
            let store = try harness.reopened { $0.mostColumns = Limit(.columns, most: 10, setting: "--max-columns") }
            try store.initialise(.one)
            for number in 0..<9 { try store.rows(.one, "{\"step\":\(number),\"m\(number)\":1}") }
            let eleventh = RunWrite(.run(.one), .change([.rows(try .make([#"{"step":9,"m0":1,"m9":1}"#]))]))
            let refusal = try #require(try store.refusal(of: eleventh))
            #expect("\(refusal)".contains("over 10 columns (--max-columns)"))
            try store.rows(.one, #"{"step":9,"m0":1,"m8":1}"#)
            #expect(try store.refusal(of: eleventh) == refusal)
            try harness.reopen()
            let again = harness.store
            try again.rows(.one, #"{"step":10,"m0":1,"m8":1}"#)
            #expect(try again.refusal(of: eleventh) == refusal, "also after a start")
            try again.rows(.one, #"{"step":11,"m3":1}"#)
            #expect(try again.frame(of: .one)?.contains("m9") == false)
        },
        StoreClaim("a frame's columns count for the rows that come behind it") { harness in
            let store = try harness.reopened { $0.mostColumns = Limit(.columns, most: 3, setting: "--max-columns") }
            try store.initialise(.one)
            try store.change(.one, .frame(Array(#"{"a":[1],"b":[2]}"#.utf8)))
            #expect(throws: StoreError.self) { try store.rows(.one, #"{"c":1,"d":1}"#) }
            try store.rows(.one, #"{"c":1}"#)
            #expect(throws: StoreError.self) { try store.rows(.one, #"{"d":1}"#) }
            #expect(try store.frame(of: .one) == #"{"a":[1,null],"b":[2,null],"c":[null,1]}"#)
        },
        StoreClaim("a patch makes a list no longer than it may be") { harness in
            let store = try harness.reopened { $0.mostColumns = Limit(.columns, most: 3, setting: "--max-columns") }
            try store.patch(.one, .file(.flags), #"{"a":1,"b":{"c":1}}"#)
            #expect(throws: StoreError.self) { try store.patch(.one, .file(.flags), #"{"d":1}"#) }
            #expect(try store.patch(.one, .file(.flags), #"{"d":1,"b":null}"#) == #"{"a":1,"d":1}"#)
        },
        StoreClaim("each sender has its share of the pending runs") { harness in
            let limit = Limit(.pendingOfSender, most: 2, setting: "--max-pending-per-token")
            let store = try harness.reopened { $0.mostPendingOfSender = limit }
            func write(_ name: String, by sender: String?) throws -> RunWrite {
                RunWrite(
                    .run(try #require(RunID(name))), .change([.rows(try .make([#"{"a":1}"#]))]), sender: sender)
            }
            for name in ["a1", "a2"] { #expect(try store.refusal(of: write(name, by: "a")) == nil) }
            #expect(try store.refusal(of: write("a3", by: "a")) == .tooManyPending(LimitExceeded(limit)))
            #expect(try store.refusal(of: write("a2", by: "a")) == nil, "one that is there goes on")
            #expect(try store.refusal(of: write("a3", by: "b")) == nil)
            for number in 0..<3 { #expect(try store.refusal(of: write("n\(number)", by: nil)) == nil) }
            try store.initialise(#require(RunID("a1")))
            #expect(try store.refusal(of: write("a4", by: "a")) == nil)
            #expect(try store.refusal(of: write("a5", by: "a")) != nil)
            try store.write(.run(#require(RunID("a2"))), .purgePending())
            #expect(try store.refusal(of: write("a5", by: "a")) == nil)
        },
        StoreClaim("what waits for a run is not purged for its age once more has come") { harness in
            let store = harness.store
            try store.rows(.one, #"{"a":1}"#)
            #expect(throws: StoreError.writtenMeanwhile) {
                try store.write(.run(.one), .purgePending(unchangedFor: 3600))
            }
            #expect(try store.frame(of: .one) == #"{"a":[1]}"#)
            let model = ArtifactPath("model")!
            try store.change(.two, .artifact(try harness.staged("m"), model, if: { _ in true }))
            #expect(throws: StoreError.writtenMeanwhile) {
                try store.write(.run(.two), .purgePending(unchangedFor: 3600))
            }
            #expect(try store.file(model, of: .two, page: .init(limit: 1)) != nil)
        },
        StoreClaim("what has waited for too long is dropped, and nothing else") { harness in
            let store = try harness.reopened { $0.pendingAge = 0.2 }
            try store.initialise(.one)
            try store.write(.active(.other), .change([.property(.note, "old")]))
            try store.rows(.two, #"{"a":1}"#)
            #expect(try eventually { try store.pendingRuns(unchangedFor: -1).isEmpty })
            try harness.reopen(RunRules())
            let again = harness.store
            #expect(try again.snapshot(of: .two) == nil)
            #expect(try again.snapshot(of: .one)?.status == .running)
            try again.initialise(.three, session: .other)
            #expect(try again.property(.note, of: .three) == nil)
        },
    ]
}

extension StoreHarness {
    /// The store, opened again with other rules.
    fileprivate func reopened(_ change: (inout RunRules) -> Void) throws -> any RunStore {
        var rules = store.rules
        change(&rules)
        try reopen(rules)
        return store
    }
}

extension RunWrite {
    /// As long as a row.
    fileprivate var padding: [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: 40) }
}
