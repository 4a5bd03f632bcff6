internal import Limits
internal import RunMetadata
internal import RunStore
internal import TestSupport
internal import Testing

extension StoreClaim {
    /// Initialising, ending, archiving, and the status of each.
    static let lifecycle = [
        StoreClaim("a run whose end is missing, as R writes that, has not ended") { harness in
            let store = harness.store
            for (run, end) in [(RunID.one, ""), (.two, "NA\n")] {
                try store.initialise(run)
                try store.change(run, .put(.property(.end), end))
                #expect(try store.snapshot(of: run)?.status == .running)
                #expect(try store.complete(run).effect == .written)
                #expect(try store.snapshot(of: run)?.status == .completed)
            }
        },
        StoreClaim("a run that nobody spoke of is none") { harness in
            let isKnown = try harness.store.snapshot(of: .one) != nil
            #expect(!isKnown)
            let hasProperties = try harness.store.properties(of: .one) != nil
            #expect(!hasProperties)
            let flags = try harness.store.text(.flags, of: .one)
            #expect(flags == nil)
            #expect(throws: StoreError.unknownRun) { try harness.store.complete(.one) }
            #expect(try harness.store.initialisedCount() == 0)
        },
        StoreClaim("only by force is a run removed that is not archived, and then it is gone from its session too") {
            harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"loss":1}"#)
            #expect(throws: StoreError.notArchived(.one)) { try store.write(.run(.one), .purge(force: false)) }
            #expect(try store.snapshot(of: .one) != nil)
            try store.write(.run(.one), .purge(force: true))
            #expect(try store.snapshot(of: .one) == nil)
            #expect(try store.resolve(.active(.default)) == nil)
            #expect(throws: StoreError.unknownRun) { try store.write(.run(.one), .purge(force: true)) }
            #expect(try store.rows(.one, #"{"loss":2}"#).effect == .pending)
            try store.initialise(.one)
            #expect(try store.frame(of: .one) == #"{"loss":[2]}"#)
        },
        StoreClaim("initialising publishes what is pending") { harness in
            let store = harness.store
            #expect(try store.change(.one, .put(.flags, "{}"), .property(.note, "n")).effect == .pending)
            #expect(try store.snapshot(of: .one)?.status == .pending)
            #expect(try store.initialisedCount() == 0)
            let outcome = try store.initialise(.one)
            #expect(outcome.effect == .written)
            #expect(outcome.run == .one)
            #expect(try store.text(.flags, of: .one) == "{}")
            #expect(try store.property(.note, of: .one) == "n")
            #expect(try store.snapshot(of: .one)?.status == .running)
            #expect(try store.initialisedCount() == 1)
        },
        StoreClaim("what is given on initialising comes over what is pending") { harness in
            let store = harness.store
            try store.change(.one, .put(.flags, "old"), .property(.note, "old"), .property(.script, "kept.R"))
            try store.initialise(.one, flags: "new", properties: [(.note, "new")])
            #expect(try store.text(.flags, of: .one) == "new")
            #expect(try store.property(.note, of: .one) == "new")
            #expect(try store.property(.script, of: .one) == "kept.R")
        },
        StoreClaim("initialising a run that exists gives it what is given") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "first")
            harness.clock.seconds += 5
            let again = try store.initialise(.one, flags: "second")
            #expect(again.effect == .written && again.existed)
            #expect(try store.text(.flags, of: .one) == "second")
            #expect(try store.initialise(.one).effect == .unchanged)
            #expect(try store.property(.start, of: .one) == "1795499177.25")
        },
        StoreClaim("completing ends a run well") { harness in
            let store = harness.store
            try store.initialise(.one)
            harness.clock.seconds += 60
            #expect(try store.complete(.one).effect == .written)
            #expect(try store.property(.end, of: .one) == "1795499237.25")
            #expect(try store.property(.completed, of: .one) == "TRUE")
            #expect(try store.snapshot(of: .one)?.status == .completed)
        },
        StoreClaim("completing twice leaves the run as it was") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.complete(.one)
            harness.clock.seconds += 60
            #expect(try store.complete(.one).effect == .unchanged)
            #expect(try store.property(.end, of: .one) == "1795499177.25")
        },
        StoreClaim("an error ends a run, and another one leaves the end as it is") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .put(.error, #"{"message":"no"}"#), .end(completed: false))
            #expect(try store.property(.completed, of: .one) == "FALSE")
            #expect(try store.snapshot(of: .one)?.status == .failed)
            let completed = try store.refusal(of: RunWrite(.run(.one), .complete(RunEnd())))
            #expect(completed == .endedOtherwise(.one, .failed))
            #expect(try store.property(.completed, of: .one) == "FALSE")
            harness.clock.seconds += 1
            try store.change(.one, .put(.error, #"{"message":"again"}"#), .end(completed: false))
            #expect(try store.property(.end, of: .one) == "1795499177.25")
            #expect(try store.text(.error, of: .one) == #"{"message":"again"}"#)
        },
        StoreClaim("a run that has ended takes metadata still") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.complete(.one)
            #expect(try store.change(.one, .put(.evaluation, "{}")).effect == .written)
            #expect(try store.rows(.one, #"{"a":1}"#).effect == .written)
            #expect(try store.snapshot(of: .one)?.status == .completed)
        },
        StoreClaim("a running run is stale when nothing was written for a while") { harness in
            var rules = RunRules()
            for seconds in [rules.staleAfter, 60] {
                rules.staleAfter = seconds
                try harness.reopen(rules)
                let store = harness.store
                #expect(store.rules.staleAfter == seconds)
                try store.initialise(.one)
                try store.initialise(.two)
                try store.complete(.two)
                let updated = try #require(try store.snapshot(of: .one)?.updated)
                harness.clock.seconds = updated + seconds - 1
                #expect(try store.snapshot(of: .one)?.status == .running)
                #expect(try store.listed(where: "status == 'stale'").isEmpty)
                harness.clock.seconds = updated + seconds + 1
                #expect(try store.snapshot(of: .one)?.status == .stale)
                #expect(try store.listed(where: "status == 'stale'") == ["one"])
                #expect(try store.snapshot(of: .two)?.status == .completed)
            }
        },
        StoreClaim("a run has no more properties than it may") { harness in
            var rules = RunRules()
            rules.mostProperties = Limit(.names, most: 10)
            try harness.reopen(rules)
            let store = harness.store
            try store.initialise(.one)
            let names = try (0..<6).map { try #require(PropertyName("p\($0)")) }
            // Beside the five that every run has.
            try store.write(.run(.one), .change(names.prefix(5).map { DataChange.property($0, "1") }))
            let eleventh = RunWrite(.run(.one), .change([.property(names[5], "1")]))
            guard case .refused? = try store.refusal(of: eleventh) else {
                Issue.record("an eleventh property was taken")
                return
            }
            #expect(try store.property(names[5], of: .one) == nil)
            try store.change(.one, .property(names[0], "2"))
            try store.change(.one, .remove(.property(names[1])))
            try store.change(.one, .property(names[5], "1"))
            #expect(try store.properties(of: .one)?.count == 10)
            let start = RunStart.make(properties: names.map { ($0, "1") })
            let initialisation = RunWrite(.run(.two), .initialise(session: .other, start))
            guard case .refused? = try store.refusal(of: initialisation) else {
                Issue.record("a run was initialised with too many")
                return
            }
            #expect(try store.snapshot(of: .two) == nil)
        },
        StoreClaim("an archived run is read, and refuses every write") { harness in
            try harness.store.initialise(.one, flags: "{}")
            try harness.store.rows(.one, #"{"a":1}"#)
            try harness.archive(.one)
            try harness.reopen()
            let store = harness.store
            #expect(try store.snapshot(of: .one)?.status == .archived)
            #expect(try store.text(.flags, of: .one) == "{}")
            #expect(try store.listed().isEmpty)
            let file = try harness.staged("x")
            let writes: [RunWrite.Action] = [
                .change([.put(.flags, "new")]), .change([.rows(try .make([#"{"a":2}"#]))]), .change([.remove(.flags)]),
                .change([.frame(Array("{}".utf8))]), .change([.publish(file, .source)]),
                .change([.end(completed: true)]),
                .patch(.file(.flags), .make("{}")), .patch(.properties, .make(#"{"note":1}"#)), .complete(RunEnd()),
                .initialise(session: .default, RunStart()),
            ]
            let replies = try store.writeTogether(writes.map { RunWrite(.run(.one), $0) })
            for (index, reply) in replies.enumerated() {
                #expect(reply.refusal == .archived(.one), "write \(index)")
            }
            #expect(try store.text(.flags, of: .one) == "{}")
            #expect(try store.text(.metricsRows, of: .one) == "{\"a\":1}\n")
            #expect(try store.snapshot(of: .one)?.status == .archived)
        },
        StoreClaim("an archived run without metrics refuses rows") { harness in
            try harness.store.initialise(.one)
            try harness.archive(.one)
            try harness.reopen()
            #expect(throws: StoreError.archived(.one)) { try harness.store.rows(.one, #"{"a":2}"#) }
            #expect(try harness.store.text(.metricsRows, of: .one) == nil)
        },
        StoreClaim("an archived run is refused soon after it was written to") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            try harness.archive(.one)
            let row = RunWrite(.run(.one), .change([.rows(try .make([#"{"a":2}"#]))]))
            #expect(try eventually { try store.refusal(of: row) == .archived(.one) })
        },
    ]
}
