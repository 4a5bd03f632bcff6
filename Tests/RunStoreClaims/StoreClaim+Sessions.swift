internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Which run is active in which session.
    static let sessions = [
        StoreClaim("the run that a session initialised last is its active one") { harness in
            let store = harness.store
            #expect(try store.resolve(.active(.default)) == nil)
            try store.initialise(.one)
            try store.initialise(.two, session: .other)
            #expect(try store.resolve(.active(.default)) == .one)
            #expect(try store.resolve(.active(.other)) == .two)
            try store.initialise(.three)
            #expect(try store.resolve(.active(.default)) == .three)
            #expect(try store.resolve(.run(.one)) == .one)
        },
        StoreClaim("a write to the active run is one to that run") { harness in
            let store = harness.store
            try store.initialise(.one)
            let outcome = try store.write(.active(.default), .change([.put(.flags, "{}")]))
            #expect(outcome.effect == .written)
            #expect(outcome.run == .one)
            try store.write(.active(.default), .change([.rows(try .make([#"{"a":1}"#]))]))
            #expect(try store.text(.flags, of: .one) == "{}")
            #expect(try store.frame(of: .one) == #"{"a":[1]}"#)
        },
        StoreClaim("ending a run clears it in every session") { harness in
            try harness.store.initialise(.one)
            try harness.store.initialise(.one, session: .other)
            #expect(try harness.store.resolve(.active(.other)) == .one)
            try harness.store.complete(.one)
            #expect(try harness.store.resolve(.active(.default)) == nil)
            #expect(try harness.store.resolve(.active(.other)) == nil)
            try harness.reopen()
            #expect(try harness.store.resolve(.active(.default)) == nil)
        },
        StoreClaim("an error clears the active run, but not another session's") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.initialise(.two, session: .other)
            try store.change(.one, .end(completed: false))
            #expect(try store.resolve(.active(.default)) == nil)
            #expect(try store.resolve(.active(.other)) == .two)
        },
        StoreClaim("a write that ends a run and replaces its metrics clears the active run") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .end(completed: true), .frame(Array(#"{"a":[1]}"#.utf8)))
            #expect(try store.resolve(.active(.default)) == nil)
        },
        StoreClaim("an ended run that is initialised again is not active") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.complete(.one)
            #expect(try store.initialise(.one).effect == .unchanged)
            #expect(try store.resolve(.active(.default)) == nil)
        },
        StoreClaim("initialising a run that exists makes it active") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.initialise(.two)
            #expect(try store.initialise(.one).effect == .unchanged)
            #expect(try store.resolve(.active(.default)) == .one)
        },
        StoreClaim("active runs are there after closing and opening again") { harness in
            try harness.store.initialise(.one)
            try harness.store.initialise(.two, session: .other)
            try harness.reopen()
            #expect(try harness.store.resolve(.active(.default)) == .one)
            #expect(try harness.store.resolve(.active(.other)) == .two)
        },
        StoreClaim("archiving the active run clears it") { harness in
            let store = harness.store
            try store.initialise(.one)
            try harness.archive(.one)
            #expect(try store.resolve(.active(.default)) == nil)
            #expect(try store.write(.active(.default), .change([.put(.flags, "{}")])).effect == .pending)
        },
        StoreClaim("completing the active run ends it; without one there is nothing to end") { harness in
            let store = harness.store
            try store.initialise(.one)
            #expect(try store.write(.active(.default), .complete(RunEnd())).run == .one)
            #expect(throws: StoreError.unknownRun) { try store.write(.active(.default), .complete(RunEnd())) }
        },
    ]
}
