internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Conditions, orders, and what a listing shows of writes.
    static let queries = [
        StoreClaim("a condition selects the runs of which it is true") { harness in
            let store = harness.store
            for (name, rate) in [("a", "0.1"), ("b", "0.01"), ("c", "0.001")] {
                let run = try #require(RunID(name))
                try store.initialise(run, flags: "{\"lr\":\(rate)}")
                try store.rows(run, "{\"loss\":\(rate)}")
            }
            try store.initialise(.one)
            #expect(try store.listed(where: "flag_lr <= 0.01") == ["c", "b"])
            #expect(try store.listed(where: "!(flag_lr <= 0.01)") == ["a"])
            #expect(try store.listed(where: "is.na(flag_lr)") == ["one"])
            #expect(try store.listed(where: "metric_loss == flag_lr & run %in% c(\"a\", \"one\")") == ["a"])
            #expect(try store.listed(where: "status == \"running\"", order: "flag_lr") == ["c", "b", "a", "one"])
            #expect(try store.listed(order: "flag_lr", descending: true, limit: 2) == ["a", "b"])
        },
        StoreClaim("a listing shows every write that was completed") { harness in
            let store = harness.store
            func loss() throws -> RunValue { RunValue(try store.runs(RunQuery()).runs.first?.columns["metric_loss"]) }
            try store.initialise(.one)
            #expect(try store.listed() == ["one"])
            for number in 1...50 {
                try store.rows(.one, "{\"loss\":\(number)}")
                #expect(try loss() == .number(Double(number)))
            }
            try store.change(.one, .property(.note, "new"))
            #expect(try store.listed(where: "note == 'new'") == ["one"])
            try store.change(.one, .frame(Array(#"{"loss":[7]}"#.utf8)))
            #expect(try loss() == .number(7))
            try store.complete(.one)
            #expect(try store.listed(where: "completed") == ["one"])
            try store.write(.run(.one), .purge(force: true))
            #expect(try store.listed().isEmpty)
        },
        StoreClaim("a listed run has the columns of its snapshot") { harness in
            let store = harness.store
            try store.initialise(.one, flags: #"{"lr":0.10,"name":"é, \"x\"","opt":{"on":true}}"#)
            try store.change(.one, .put(.evaluation, #"{"acc":0.9712,"loss":"NaN"}"#))
            for row in [#"{"epoch":1,"loss":0.5}"#, #"{"epoch":2,"loss":"NaN","acc":1}"#, #"{"epoch":1,"acc":0}"#] {
                try store.rows(.one, row)
                let listed = try #require(try store.runs(RunQuery()).runs.first)
                let snapshot = try #require(try store.snapshot(of: .one))
                #expect(
                    JSONWriter.compact(.object(listed.columns)) == JSONWriter.compact(.object(snapshot.summary.columns))
                )
                #expect(listed.status == snapshot.status)
                #expect(abs(listed.updated - snapshot.updated) < 0.001)
            }
        },
        StoreClaim("pages of an order follow one another, whatever comes between them") { harness in
            let store = harness.store
            for (number, rate) in ["0.1", "null", "\"x\"", "0.1", "true", "3"].enumerated() {
                try store.initialise(try #require(RunID("r\(number)")), flags: "{\"lr\":\(rate)}")
            }
            let seen = try store.listedByPage(order: "flag_lr", limit: 1) { seen in
                try store.initialise(try #require(RunID("new-\(seen.count)")), flags: "{\"lr\":-1}")
            }
            #expect(seen == ["r3", "r0", "r4", "r5", "r2", "r1"])
        },
        StoreClaim("a page begins at an offset in the order") { harness in
            let store = harness.store
            for (number, rate) in ["0.1", "null", "0.3", "0.2"].enumerated() {
                try store.initialise(try #require(RunID("r\(number)")), flags: "{\"lr\":\(rate)}")
            }
            #expect(try store.listed(order: "-flag_lr", limit: 2, offset: 1) == ["r3", "r0"])
            #expect(try store.listed(order: "flag_lr", offset: 3) == ["r1"])
            #expect(try store.listed(offset: 4).isEmpty)
        },
        StoreClaim("a column that no run has is refused by name") { harness in
            try harness.store.initialise(.one, flags: #"{"lr":1}"#)
            for (predicate, order, name) in [
                ("Flag_lr > 1", nil, "Flag_lr"), ("flag_ > 1", nil, "flag_"), (nil, "acc,flag_lr", "acc"),
            ] {
                do {
                    _ = try harness.store.listed(where: predicate, order: order)
                    Issue.record("\(name) is no column")
                } catch StoreError.query(let fault) {
                    #expect(fault.detail.contains("\"\(name)\""))
                    #expect(fault.offset == 0)
                    #expect(fault.allowed?.contains("flag_lr") == true)
                }
            }
        },
        StoreClaim("a column that a run may have at any time is missing until one has it") { harness in
            let store = harness.store
            let names = [
                "flag_lr", "metric_loss", "eval_acc", "min_loss", "max_loss", "property_run", "end", "epochs_completed",
                "steps", "samples", "error_message",
            ]
            try store.initialise(.one)
            for name in names {
                #expect(try store.listed(where: "\(name) > 0").isEmpty, "\(name)")
                #expect(try store.listed(where: "is.na(\(name))", order: name) == ["one"], "\(name)")
            }
            try store.change(.one, .put(.flags, #"{"lr":1}"#))
            #expect(try store.listed(where: "flag_lr > 0") == ["one"])
        },
        StoreClaim("texts are searched, and times compared with dates") { harness in
            let store = harness.store
            for (name, model, start) in [
                ("a", "resnet50", "1793491199"), ("b", "ResNet-18", "1793491200"), ("c", "vit", "1793527200"),
            ] {
                try store.initialise(
                    try #require(RunID(name)), flags: "{\"model\":\"\(model)\"}", properties: [(.start, start)])
            }
            #expect(try store.listed(where: #"grepl("^resnet", flag_model, ignore.case = TRUE)"#) == ["b", "a"])
            #expect(try store.listed(where: #"endsWith(flag_model, "50") | startsWith(run, "c")"#) == ["c", "a"])
            #expect(try store.listed(where: #"grepl("-", flag_model, fixed = TRUE)"#) == ["b"])
            #expect(try store.listed(where: "start >= '2026-11-01'") == ["c", "b"])
            #expect(try store.listed(where: "start < '2026-11-01T11:00:00+01:00'") == ["b", "a"])
            #expect(try store.listed(where: "updated > '2001-01-01' & updated < '9999-12-31'") == ["c", "b", "a"])
            #expect(try store.listed(where: "end > '2001-01-01'").isEmpty)
        },
        StoreClaim("runs are found by the least and the greatest value of a metric") { harness in
            var store: any RunStore { harness.store }
            func extremes() throws -> [JSONValue?] {
                var query = RunQuery()
                query.columns = ["min_loss", "max_loss", "run"].map { RunColumnName($0) }
                let columns = try #require(try store.runs(query).runs.first { $0.run == .one }?.columns)
                return [columns["min_loss"], columns["max_loss"]]
            }
            try store.initialise(.one)
            try store.initialise(.two)
            #expect(try extremes() == [nil, nil])
            for (row, expected) in [
                (#"{"step":1,"loss":"Inf"}"#, [nil, nil]), (#"{"step":2,"loss":0.5}"#, [0.5, 0.5]),
                (#"{"step":3,"loss":0.25}"#, [0.25, 0.5]), (#"{"step":3,"loss":0.75}"#, [0.5, 0.75]),
                (#"{"step":4,"loss":"NaN"}"#, [0.5, 0.75]), (#"{"step":5,"loss":-1e3}"#, [-1000, 0.75]),
                // Rows that were sent before, of which only the frame can tell.
                (#"{"step":2,"loss":0.6}"#, [-1000, 0.75]), (#"{"step":3,"loss":0.1}"#, [-1000, 0.6]),
                (#"{"step":5,"loss":null}"#, [-1000, 0.6]), (#"{"step":5,"loss":"NaN"}"#, [0.1, 0.6]),
            ] as [(String, [JSONValue?])] {
                try store.rows(.one, row)
                #expect(try extremes() == expected, "\(row)")
            }
            try store.rows(.two, #"{"loss":9}"#, #"{"loss":3}"#)
            for _ in 0..<2 {
                #expect(try store.listed(where: "min_loss < 1") == ["one"])
                #expect(try store.listed(where: "max_loss > metric_loss") == ["two", "one"])
                #expect(try store.listed(order: "min_loss") == ["one", "two"])
                #expect(try store.listed(order: "max_loss", descending: true) == ["two", "one"])
                #expect(try extremes() == [0.1, 0.6])
                let listed = try harness.store.runs(RunQuery()).runs
                #expect(!listed.contains { $0.columns.names.contains { $0.hasPrefix("min_") || $0.hasPrefix("max_") } })
                try harness.reopen()
            }
            try store.change(.one, .frame(Array(#"{"loss":[4,2,8,null]}"#.utf8)))
            #expect(try extremes() == [2, 8])
            #expect(try store.listed(where: "min_loss == 2 & max_loss == 8") == ["one"])
        },
        StoreClaim("a run is not older than its start") { harness in
            let store = harness.store
            try store.initialise(.one, properties: [(.start, "9999999999.0004")])
            #expect(try store.snapshot(of: .one)?.updated == 9_999_999_999.0004)
            #expect(try store.runs(RunQuery()).runs.first?.updated == 9_999_999_999.0004)
            try store.rows(.one, #"{"loss":0.5}"#)
            #expect(try store.listed(where: "updated == start") == ["one"])
        },
        StoreClaim("the values of the last metric are counted, none without metrics") { harness in
            let store = harness.store
            func count() throws -> JSONValue? { try store.runs(RunQuery()).runs.first?.columns["steps_completed"] }
            try store.initialise(.one)
            #expect(try count() == 0)
            try store.rows(.one, #"{"loss":null}"#, #"{"loss":0.5}"#, #"{"loss":"NaN"}"#)
            #expect(try count() == 1)
            #expect(try store.snapshot(of: .one)?.summary.columns["steps_completed"] == 1)
        },
        StoreClaim("the listing is as it was when the store is opened again") { harness in
            try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
            try harness.store.rows(.one, #"{"loss":0.5}"#)
            try harness.reopen()
            #expect(try harness.store.listed(where: "flag_lr == 0.1 & metric_loss == 0.5") == ["one"])
            try harness.store.rows(.one, #"{"loss":0.25}"#)
            #expect(try harness.store.listed(where: "metric_loss == 0.25 & steps_completed == 2") == ["one"])
        },
    ]
}
