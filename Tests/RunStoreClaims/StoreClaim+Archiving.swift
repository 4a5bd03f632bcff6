internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Archiving and restoring.
    static let archiving = [
        StoreClaim("an archived run is listed where archived runs are asked for, and nowhere else") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "{}")
            try store.initialise(.two)
            try store.rows(.one, #"{"a":1}"#)
            #expect(try store.write(.run(.one), .archive).effect == .written)
            #expect(try store.snapshot(of: .one)?.status == .archived)
            #expect(try store.frame(of: .one) == #"{"a":[1]}"#)
            #expect(try store.listed() == ["two"])
            #expect(try store.listed(archived: .only) == ["one"])
            #expect(try store.listed(where: "status == 'archived'", archived: .included) == ["one"])
            #expect(try store.initialisedCount() == 1)
            #expect(try store.write(.run(.one), .archive).effect == .unchanged)
            #expect(throws: StoreError.archived(.one)) { try store.rows(.one, #"{"a":2}"#) }
        },
        StoreClaim("a restored run takes metadata again") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            try store.write(.run(.one), .archive)
            #expect(try store.write(.run(.one), .restore).effect == .written)
            #expect(try store.write(.run(.one), .restore).effect == .unchanged)
            #expect(try store.rows(.one, #"{"a":2}"#).effect == .written)
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
            #expect(try store.listed() == ["one"])
        },
        StoreClaim("archiving the active run leaves its session without one") { harness in
            try harness.store.initialise(.one)
            try harness.store.initialise(.two, session: .other)
            try harness.store.write(.active(.default), .archive)
            #expect(try harness.store.resolve(.active(.default)) == nil)
            #expect(try harness.store.resolve(.active(.other)) == .two)
            try harness.store.write(.run(.one), .restore)
            try harness.reopen()
            #expect(try harness.store.listed(order: "run") == ["one", "two"])
            #expect(try harness.store.resolve(.active(.default)) == nil)
        },
        StoreClaim("what is not initialised is neither archived nor restored") { harness in
            let store = harness.store
            try store.change(.one, .put(.flags, "{}"))
            for action in [RunWrite.Action.archive, .restore] {
                #expect(throws: StoreError.notInitialised(.one)) { try store.write(.run(.one), action) }
                #expect(throws: StoreError.unknownRun) { try store.write(.run(.two), action) }
                #expect(throws: StoreError.unknownRun) { try store.write(.active(.other), action) }
            }
        },
        StoreClaim("an archived run is purged without force, and its id is free") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.write(.run(.one), .archive)
            try store.write(.run(.one), .purge(force: false))
            #expect(try store.listed(archived: .included).isEmpty)
            #expect(try store.initialise(.one).effect == .written)
        },
        StoreClaim("many writes are waited for together") { harness in
            let store = harness.store
            let runs = try (0..<150).map { try #require(RunID("r\($0)")) }
            for run in runs { try store.initialise(run) }
            let results = store.submitAndWait((runs + [.one]).map { RunWrite(.run($0), .archive) }) {
                (store as? any GroupCommit)?.commit()
            }
            #expect(results.count == 151)
            #expect(results.filter { $0.refusal == nil }.count == 150)
            #expect(results.last?.refusal == .unknownRun)
            #expect(try store.listed(limit: 1000, archived: .only).count == 150)
        },
    ]
}
