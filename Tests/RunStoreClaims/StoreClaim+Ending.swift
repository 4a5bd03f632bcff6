internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// How runs end, and go on, and what is removed of them.
    static let ending = [
        StoreClaim("a run that has ended goes on as the session's active one") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.complete(.one)
            #expect(try store.write(.run(.one), .resume(session: .other)).effect == .written)
            #expect(try store.property(.end, of: .one) == nil)
            #expect(try store.property(.completed, of: .one) == "FALSE")
            #expect(try store.snapshot(of: .one)?.status == .running)
            #expect(try store.resolve(.active(.other)) == .one)
            #expect(try store.write(.run(.one), .resume(session: .other)).effect == .unchanged)
            #expect(try store.complete(.one).effect == .written)
        },
        StoreClaim("a failed run that goes on keeps the errors of its attempts") { harness in
            let store = harness.store
            try store.initialise(.one)
            for number in 1...2 {
                try store.change(.one, .put(.error, "{\"message\":\"\(number)\"}"), .end(completed: false))
                try store.write(.run(.one), .resume(session: .default))
                #expect(try store.snapshot(of: .one)?.status == .running)
                #expect(try store.text(.error, of: .one) == nil)
                #expect(try store.text(.earlierError(number), of: .one) == "{\"message\":\"\(number)\"}")
            }
        },
        StoreClaim("what is not initialised, or archived, does not go on") { harness in
            let store = harness.store
            try store.change(.one, .put(.flags, "{}"))
            let resume = RunWrite.Action.resume(session: .default)
            #expect(throws: StoreError.notInitialised(.one)) { try store.write(.run(.one), resume) }
            #expect(throws: StoreError.unknownRun) { try store.write(.run(.two), resume) }
            try store.initialise(.one)
            try store.complete(.one)
            try harness.archive(.one)
            #expect(throws: StoreError.archived(.one)) { try store.write(.run(.one), resume) }
        },
        StoreClaim("a run that has ended keeps its end, its outcome and its evaluation") { harness in
            let store = harness.store
            try store.initialise(.one)
            var end = RunEnd()
            (end.isCompleted, end.end) = (false, "1795499200")
            end.evaluation = [.put(.evaluation, #"{"acc":1}"#)]
            #expect(try store.write(.run(.one), .complete(end)).effect == .written)
            #expect(try store.snapshot(of: .one)?.status == .stopped)
            #expect(try store.write(.run(.one), .complete(end)).effect == .unchanged)
            let changes: [(RunEnd.Difference, (inout RunEnd) -> Void)] = [
                (.stopped, { $0.isCompleted = true }), (.otherTime, { $0.end = "1" }),
                (.otherEvaluation, { $0.evaluation = [.put(.evaluation, "{}")] }),
            ]
            for (difference, change) in changes {
                var other = end
                change(&other)
                let refusal = try store.refusal(of: RunWrite(.run(.one), .complete(other)))
                #expect(refusal == .endedOtherwise(.one, difference))
            }
            #expect(try store.property(.end, of: .one) == "1795499200")
            #expect(try store.text(.evaluation, of: .one) == #"{"acc":1}"#)
        },
    ]

    static let removing = [
        StoreClaim("metadata is removed, but not what says how the run started and ended") { harness in
            let store = harness.store
            let image = try #require(DataPath("images/a/b.txt"))
            try store.initialise(.one, flags: "{}", properties: [(.note, "n")])
            try store.change(.one, .put(image, "x"))
            let folder = try #require(DataPath("images"))
            for removed in [RemovedMetadata.files([.flags]), .properties, .folder(folder)] {
                #expect(try store.write(.run(.one), .removeMetadata(removed)).effect == .written)
                #expect(throws: StoreError.nothingThere) { try store.write(.run(.one), .removeMetadata(removed)) }
            }
            #expect(try store.text(.flags, of: .one) == nil)
            #expect(try store.text(image, of: .one) == nil)
            #expect(
                try store.properties(of: .one)?.map(\.name) == ["completed", "context", "script", "start", "type"])
            #expect(throws: StoreError.unknownRun) { try store.write(.run(.two), .removeMetadata(.properties)) }
        },
        StoreClaim("metrics are removed, and begin anew") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            try store.write(.run(.one), .removeMetadata(.files([.metricsRows, .metricsFrame])))
            #expect(try store.frame(of: .one) == nil)
            try store.rows(.one, #"{"b":2}"#)
            #expect(try store.frame(of: .one) == #"{"b":[2]}"#)
        },
        StoreClaim("a run that waits is told of, and purged as long as it waits") { harness in
            let store = harness.store
            for run in [RunID.one, .two] { try store.change(run, .put(.flags, "{}")) }
            #expect(try store.pendingRuns(unchangedFor: -1) == [.one, .two])
            #expect(try store.pendingRuns(unchangedFor: 3600).isEmpty)
            #expect(try store.runCounts()[.pending] == 2)
            try store.write(.run(.one), .purgePending())
            #expect(try store.snapshot(of: .one) == nil)
            try store.initialise(.two)
            #expect(throws: StoreError.notArchived(.two)) { try store.write(.run(.two), .purgePending()) }
            #expect(try store.pendingRuns(unchangedFor: -1).isEmpty)
        },
    ]
}
