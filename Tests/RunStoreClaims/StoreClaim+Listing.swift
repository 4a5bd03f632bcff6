internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

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
            #expect(try store.initialisedCount() == 5)
            #expect(try store.listed(limit: 2) == ["e", "b"])
            #expect(try store.listed(limit: 0).isEmpty)
        },
        StoreClaim("pages follow one another, whatever comes and goes between them") { harness in
            let store = harness.store
            for number in 1...7 {
                try store.initialise(
                    try #require(RunID("r\(number)")), properties: [(.start, number < 4 ? "3" : "\(number)")])
            }
            let seen = try store.listedByPage(limit: 2) { seen in
                try store.initialise(try #require(RunID("new-\(seen.count)")), properties: [(.start, "1000")])
            }
            #expect(seen == ["r7", "r6", "r5", "r4", "r3", "r2", "r1"])
        },
        StoreClaim("runs that a query may not see are neither listed nor counted") { harness in
            let store = harness.store
            for name in ["a-1", "a-2", "b-1"] { try store.initialise(try #require(RunID(name))) }
            var query = RunQuery()
            query.order = try RunOrder("run")
            query.isVisible = { $0.hasPrefix("a-") }
            let page = try store.runs(query)
            #expect(page.runs.map(\.run.description) == ["a-1", "a-2"] && page.count == 2)
            (query.predicate, query.limit) = (try RunPredicate("run == \"b-1\" | run == \"a-2\""), 1)
            let found = try store.runs(query)
            #expect(found.runs.map(\.run.description) == ["a-2"] && found.count == 1 && found.next == nil)
        },
        StoreClaim("a run whose start is no number is listed too, on one page") { harness in
            let store = harness.store
            for (name, start) in [("a", "NaN"), ("b", "soon"), ("c", "7"), ("d", "NaN"), ("e", "9"), ("f", "NaN")] {
                try store.initialise(try #require(RunID(name)), properties: [(.start, start)])
            }
            let seen = try store.listedByPage(limit: 1)
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
}
