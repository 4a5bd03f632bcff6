internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// What a run starts with.
    static let defaults = [
        StoreClaim("a run has what tfruns' reader needs") { harness in
            let store = harness.store
            try store.initialise(.one)
            let properties = try #require(try store.properties(of: .one))
            let texts = Dictionary(uniqueKeysWithValues: properties.map { ($0.name, $0.text) })
            #expect(
                texts == [
                    "type": "training", "context": "remote", "script": "one", "start": "1795499177.25",
                    "completed": "FALSE",
                ])
        },
        StoreClaim("what is given is not defaulted") { harness in
            let store = harness.store
            let given: [(PropertyName, String)] = [
                (.type, "tuning"), (.context, "local"), (.script, "train.R"), (.start, "1.5"), (.completed, "TRUE"),
            ]
            try store.initialise(.one, properties: given)
            for (name, text) in given { #expect(try store.property(name, of: .one) == text) }
        },
        StoreClaim("no property is read as the end of a run, also where all had come before") { harness in
            let store = harness.store
            let given = RunStart.defaults(of: .one, at: 1) + [(PropertyName("endpoint")!, "http://x")]
            for (name, text) in given {
                try store.write(.run(.one), .change([.put(.property(name), PropertyText.file(text))]))
            }
            try store.initialise(.one)
            let names = try store.files(below: DataPath(DataPath.properties)!, of: .one).map(\.path)
            #expect(names.contains(.property(.end)))
        },
        StoreClaim("the start keeps its fraction") { harness in
            harness.clock.seconds = 1_795_499_177.046_99
            try harness.store.initialise(.one)
            #expect(try harness.store.property(.start, of: .one) == "1795499177.04699")
        },
        StoreClaim("an id of the store's making is the time in UTC") { harness in
            let start = try harness.store.write(.active(.default), .initialise(session: .default, RunStart()))
            #expect(start.run?.description == "2026-11-24T05-46-17Z")
            #expect(start.effect == .written)
        },
        StoreClaim("ids of the store's making never clash") { harness in
            let store = harness.store
            let first = try store.write(.active(.default), .initialise(session: .default, RunStart()))
            let run = try #require(first.run)
            try harness.archive(run)
            try store.change(try #require(RunID("\(run)-0002")), .put(.flags, "{}"))
            let writes = (0..<3).map { _ in RunWrite(.active(.default), .initialise(session: .default, RunStart())) }
            let ids = try store.writeTogether(writes).map { try $0.get().run?.description }
            #expect(ids == [3, 4, 5].map { "\(run)-000\($0)" })
        },
        StoreClaim("what is told of a new run is what is read of it") { harness in
            let store = harness.store
            let starts: [(flags: String?, properties: [(PropertyName, String)])] = [
                (nil, []),
                (#"{"lr":0.10,"opt":{"name":"adam","eps":1e-8},"é":[1,null,"x"]}"#, []),
                (#"{"a":NaN}"#, [(.note, "two\nlines"), (.completed, "TRUE"), (.end, "1795499178")]),
                (nil, [(.script, "folder/train.R"), (.type, "tuning"), (.start, "1.5")]),
            ]
            for (number, start) in starts.enumerated() {
                let run = try #require(RunID("new-\(number)"))
                let told = try store.initialise(run, flags: start.flags, properties: start.properties).snapshot
                let read = try #require(try store.snapshot(of: run))
                // A store need not know it without reading.
                guard let told else { continue }
                #expect(told.summary.columns == read.summary.columns)
                #expect(told.status == read.status)
                #expect(told.files == read.files)
                #expect(told.updated <= read.updated)
            }
            #expect(try store.initialise(#require(RunID("new-0"))).snapshot == nil)
        },
    ]

    /// Metadata that waits for a session's next run.
    static let waiting = [
        StoreClaim("a write that needs its run is refused until that is initialised, and leaves nothing") { harness in
            let store = harness.store
            let rows = RunWrite.Action.change([.rows(try .make([#"{"a":1}"#]))])
            let flags = RunWrite.Action.change([.put(.flags, "{}")])
            let both = RunWrite.Action.change([.put(.flags, "{}"), .rows(try .make([#"{"a":1}"#]))])
            let patch = RunWrite.Action.patch(.file(.flags), JSONObjectPatch(["a": 1]) { NamedListFiles($0) })
            for action in [rows, flags, both, patch] {
                #expect(try store.refusal(of: RunWrite(.run(.one), action, needsRun: true)) == .unknownRun)
            }
            #expect(try store.snapshot(of: .one) == nil)
            // Something that waits is not a run yet.
            try store.change(.one, .put(.flags, #"{"b":1}"#))
            for action in [rows, flags, both, patch] {
                #expect(try store.refusal(of: RunWrite(.run(.one), action, needsRun: true)) == .unknownRun)
            }
            try store.rows(.one, #"{"a":2}"#)
            #expect(try store.refusal(of: RunWrite(.run(.one), rows, needsRun: true)) == .unknownRun)
            try store.initialise(.one)
            for action in [rows, patch] {
                #expect(try store.refusal(of: RunWrite(.run(.one), action, needsRun: true)) == nil)
            }
            #expect(try store.frame(of: .one) == #"{"a":[2,1]}"#)
        },
        StoreClaim("a patch that looks at the document before it is refused, and leaves it") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .put(.flags, #"{"a":1}"#))
            let fault = MetadataFault.shape(nil, "a is there")
            let patch = JSONObjectPatch(
                ["a": 2], check: { if $0["a"] != nil { throw fault } }, render: { NamedListFiles($0) })
            #expect(try store.refusal(of: RunWrite(.run(.one), .patch(.file(.flags), patch))) == .refused(fault))
            #expect(try store.text(.flags, of: .one) == #"{"a":1}"#)
        },
        StoreClaim("metadata of a session without run waits for the run that it initialises") { harness in
            let store = harness.store
            let sent = try store.write(
                .active(.other), .change([.put(.flags, "waiting"), .property(.note, "waiting")]))
            #expect(sent.effect == .pending)
            #expect(sent.run == nil)
            try store.write(.active(.other), .change([.rows(try .make([#"{"a":1}"#]))]))
            #expect(try store.listed().isEmpty)
            try store.initialise(.two)
            #expect(try store.text(.flags, of: .two) == nil)
            try store.initialise(.one, session: .other)
            #expect(try store.text(.flags, of: .one) == "waiting")
            #expect(try store.property(.note, of: .one) == "waiting")
            #expect(try store.frame(of: .one) == #"{"a":[1]}"#)
            try store.initialise(.three, session: .other)
            #expect(try store.text(.flags, of: .three) == nil)
        },
        StoreClaim("a waiting property is not defaulted, and one given comes over it") { harness in
            let store = harness.store
            try store.write(.active(.default), .change([.property(.script, "waiting.R"), .property(.type, "waiting")]))
            try store.initialise(.one, properties: [(.type, "given")])
            #expect(try store.property(.script, of: .one) == "waiting.R")
            #expect(try store.property(.type, of: .one) == "given")
        },
        StoreClaim("waiting metadata survives closing") { harness in
            try harness.store.write(.active(.default), .change([.put(.flags, "waiting")]))
            try harness.reopen()
            try harness.store.initialise(.one)
            #expect(try harness.store.text(.flags, of: .one) == "waiting")
        },
        StoreClaim("rows of the run and waiting rows are joined") { harness in
            let store = harness.store
            try store.rows(.one, #"{"a":1}"#)
            try store.write(.active(.default), .change([.rows(try .make([#"{"a":2}"#, #"{"b":3}"#]))]))
            try store.initialise(.one)
            #expect(try store.frame(of: .one) == #"{"a":[1,2,null],"b":[null,null,3]}"#)
            try store.rows(.one, #"{"a":4}"#)
            #expect(try store.frame(of: .one) == #"{"a":[1,2,null,4],"b":[null,null,3,null]}"#)
        },
        StoreClaim("waiting rows go on from the run's frame") { harness in
            let store = harness.store
            try store.change(.one, .frame(Array(#"{"a":[1]}"#.utf8)))
            try store.write(.active(.default), .change([.rows(try .make([#"{"a":2}"#]))]))
            try store.initialise(.one)
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
        },
        StoreClaim("a waiting frame that is younger replaces the run's rows") { harness in
            let store = harness.store
            try store.rows(.one, #"{"a":1}"#)
            pause(milliseconds: 20)
            try store.write(.active(.default), .change([.frame(Array(#"{"b":[2]}"#.utf8))]))
            try store.initialise(.one)
            #expect(try store.frame(of: .one) == #"{"b":[2]}"#)
        },
        StoreClaim("of two files the younger is kept") { harness in
            let store = harness.store
            try store.change(.one, .put(.flags, "older"))
            try store.write(.active(.default), .change([.put(.evaluation, "older")]))
            // The file system's clock goes in steps.
            pause(milliseconds: 20)
            try store.write(.active(.default), .change([.put(.flags, "younger")]))
            try store.change(.one, .put(.evaluation, "younger"))
            try store.initialise(.one)
            #expect(try store.text(.flags, of: .one) == "younger")
            #expect(try store.text(.evaluation, of: .one) == "younger")
        },
        StoreClaim("a run that ended before it was initialised is not active") { harness in
            let store = harness.store
            try store.change(.one, .put(.error, #"{"message":"no"}"#), .end(completed: false))
            try store.initialise(.one)
            #expect(try store.snapshot(of: .one)?.status == .failed)
            #expect(try store.resolve(.active(.default)) == nil)
        },
    ]
}
