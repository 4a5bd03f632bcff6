import JSON
import RunMetadata
import RunStore
import Testing

extension StoreClaim {
    /// Listings.
    static let listing = [
        StoreClaim("runs are listed newest first, those of one time by id, backwards") { harness in
            let store = harness.store
            for (name, start) in [("a", "5.5"), ("b", "100"), ("c", "5.5"), ("d", "99.9"), ("e", "1e3")] {
                try store.initialise(try #require(RunID(name)), properties: [(.start, start)])
            }
            try store.change(.one, .put(.flags, "{}"))
            #expect(try store.listed() == ["e", "b", "d", "c", "a"])
            #expect(store.runCount() == 5)
            #expect(try store.listed(limit: 2) == ["e", "b"])
            #expect(try store.listed(limit: 0).isEmpty)
        },
        StoreClaim("pages follow one another, whatever comes and goes between them") { harness in
            let store = harness.store
            for number in 1...7 {
                try store.initialise(
                    try #require(RunID("r\(number)")), properties: [(.start, number < 4 ? "3" : "\(number)")])
            }
            var seen: [String] = []
            var cursor: RunCursor?
            while case let page = try store.runs(limit: 2, after: cursor), let last = page.last {
                seen += page.map(\.run.description)
                cursor = last.cursor
                try store.initialise(try #require(RunID("new-\(seen.count)")), properties: [(.start, "1000")])
            }
            #expect(seen == ["r7", "r6", "r5", "r4", "r3", "r2", "r1"])
        },
        StoreClaim("a run whose start is no number is listed too, on one page") { harness in
            let store = harness.store
            for (name, start) in [("a", "NaN"), ("b", "soon"), ("c", "7"), ("d", "NaN"), ("e", "9"), ("f", "NaN")] {
                try store.initialise(try #require(RunID(name)), properties: [(.start, start)])
            }
            var seen: [String] = []
            var cursor: RunCursor?
            while seen.count < 20, case let page = try store.runs(limit: 1, after: cursor), let last = page.last {
                seen += page.map(\.run.description)
                cursor = last.cursor
            }
            #expect(seen.sorted() == ["a", "b", "c", "d", "e", "f"])
            #expect(Array(seen.prefix(2)) == ["e", "c"])
        },
        StoreClaim("a snapshot has the run's columns and files") { harness in
            let store = harness.store
            try store.initialise(.one, flags: #"{"lr":0.1}"#)
            try store.rows(.one, #"{"loss":0.5}"#, #"{"loss":"NaN"}"#)
            try store.change(.one, .put(.evaluation, #"{"acc":0.9}"#))
            try store.change(.one, .put(try #require(DataPath("images/a/b.txt")), "x"))
            let snapshot = try #require(try store.snapshot(of: .one))
            #expect(snapshot.run == .one)
            let columns = snapshot.summary.columns
            #expect(columns["run"] == "one")
            #expect(columns["completed"] == false)
            #expect(columns["flag_lr"] == 0.1)
            #expect(columns["metric_loss"] == 0.5)
            #expect(columns["eval_acc"] == 0.9)
            #expect(columns["start"]?.number?.text == "1795499177.25")
            let files = snapshot.files.map(\.description)
            for file in ["evaluation.json", "flags.json", "images/a/b.txt", "properties/start"] {
                #expect(files.contains(file))
            }
        },
        StoreClaim("a frame gives the columns of metrics too") { harness in
            try harness.store.initialise(.one)
            try harness.store.change(.one, .frame(Array(#"{"loss":[0.5,0.4,null]}"#.utf8)))
            let columns = try #require(try harness.store.snapshot(of: .one)).summary.columns
            #expect(columns["metric_loss"] == 0.4)
            #expect(columns["steps_completed"] == 2)
        },
    ]

    /// Writes that are committed together.
    static let batches = [
        StoreClaim("writes of one batch end as if done one after the other") { harness in
            let store = harness.store
            let replies = try store.writeTogether([
                RunWrite(.run(.one), .change([.rows(try .make([#"{"a":1}"#]))])),
                RunWrite(.active(.default), .change([.property(.note, "waiting")])),
                RunWrite(.run(.one), .initialise(session: .default, .make(flags: "given"))),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"a":2}"#]))])),
                RunWrite(.active(.default), .change([.rows(try .make([#"{"a":3}"#]))])),
                RunWrite(.run(.one), .change([.frame(Array(#"{"b":[1]}"#.utf8))])),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"b":2}"#]))])),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"b":3}"#]))])),
                RunWrite(.run(.one), .complete),
                RunWrite(.active(.default), .change([.property(.note, "next")])),
                RunWrite(.run(.one), .complete),
            ])
            let effects = try replies.map { try $0.get().effect }
            #expect(
                effects == [
                    .pending, .pending, .written, .written, .written, .written, .written, .written, .written, .pending,
                    .unchanged,
                ])
            #expect(try store.frame(of: .one) == #"{"b":[1,2,3]}"#)
            #expect(try store.text(.flags, of: .one) == "given")
            #expect(try store.property(.note, of: .one) == "waiting")
            #expect(try store.snapshot(of: .one)?.status == .completed)
        },
        StoreClaim("rows of many runs in one batch land in their runs in order") { harness in
            let store = harness.store
            var writes: [RunWrite] = []
            for number in 0..<200 {
                let run = try #require(RunID("r\(number % 8)"))
                writes.append(RunWrite(.run(run), .change([.rows(try .make(["{\"a\":\(number)}"]))])))
            }
            let replies = try store.writeTogether(writes)
            #expect(replies.allSatisfy { $0.refusal == nil })
            for number in 0..<8 {
                let expected = stride(from: number, to: 200, by: 8).map(String.init).joined(separator: ",")
                let run = try #require(RunID("r\(number)"))
                #expect(try store.frame(of: run) == "{\"a\":[\(expected)]}")
            }
        },
        StoreClaim("a store that is closed takes no more writes") { harness in
            let store = harness.store
            harness.close()
            let write = RunWrite(.run(.one), .change([.put(.flags, "{}")]))
            let refusal = try store.refusal(of: write)
            #expect(refusal == .stopping)
        },
        StoreClaim("writes wait until someone commits") { harness in
            let store = harness.store
            #expect(!store.hasWaitingWrites)
            let replies = Replies(count: 1)
            store.submit(RunWrite(.run(.one), .change([.put(.flags, "{}")]))) { replies.set(0, $0) }
            #expect(store.hasWaitingWrites)
            #expect(replies.all == nil)
            store.commit()
            #expect(!store.hasWaitingWrites)
            #expect(replies.all?.count == 1)
        },
    ]
}
