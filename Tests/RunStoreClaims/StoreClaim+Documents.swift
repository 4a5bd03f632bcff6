internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Files, properties, patches.
    static let documents = [
        StoreClaim("a file is written whole, again, and removed") { harness in
            let store = harness.store
            try store.initialise(.one)
            let path = try #require(DataPath("images/first/a.txt"))
            #expect(try store.change(.one, .put(path, "1")).effect == .written)
            try store.change(.one, .put(path, "two"))
            #expect(try store.text(path, of: .one) == "two")
            try store.change(.one, .remove(path))
            #expect(try store.text(path, of: .one) == nil)
            try store.change(.one, .remove(path))
        },
        StoreClaim("writing a property twice keeps the latest") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .property(.note, "first"))
            try store.change(.one, .property(.note, "second\nline"))
            #expect(try store.property(.note, of: .one) == "second\nline")
            #expect(try store.text(.property(.note), of: .one) == "second\nline\n")
        },
        StoreClaim("the changes of one write are done in their order") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .put(.flags, "1"), .put(.flags, "2"), .remove(.flags), .put(.flags, "3"))
            #expect(try store.text(.flags, of: .one) == "3")
        },
        StoreClaim("a patch merges into flags (RFC 7396)") { harness in
            let store = harness.store
            try store.initialise(.one, flags: #"{"a":{"b":1,"c":2},"d":0.10,"e":[1]}"#)
            let merged = try store.patch(.one, .file(.flags), #"{"a":{"c":null,"f":3},"e":[2],"new":true,"d":0.20}"#)
            #expect(merged == #"{"a":{"b":1,"f":3},"d":0.20,"e":[2],"new":true}"#)
            #expect(try store.text(.flags, of: .one) == merged)
        },
        StoreClaim("a patch of what is not there makes it") { harness in
            let store = harness.store
            try store.initialise(.one)
            #expect(try store.patch(.one, .file(.evaluation), #"{"acc":0.5,"x":null}"#) == #"{"acc":0.5}"#)
        },
        StoreClaim("a patch of what is no object is refused") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "[1]")
            #expect(throws: StoreError.self) { try store.patch(.one, .file(.flags), #"{"a":1}"#) }
            #expect(try store.text(.flags, of: .one) == "[1]")
        },
        StoreClaim("a patch whose result the type does not take changes nothing") { harness in
            let store = harness.store
            try store.initialise(.one, flags: #"{"a":1}"#)
            let fault = MetadataFault.shape(nil, "no")
            let patch = JSONObjectPatch(["a": 2]) { _ in throw fault }
            #expect(throws: StoreError.refused(fault)) { try store.write(.run(.one), .patch(.file(.flags), patch)) }
            #expect(try store.text(.flags, of: .one) == #"{"a":1}"#)
        },
        StoreClaim("a list that tfruns could not read as it was sent is read and patched as it was sent") { harness in
            let store = harness.store
            try store.initialise(.one)
            func write(_ list: JSONObject) throws {
                try store.write(.run(.one), .change(DataChange.put(.flags, NamedListFiles(list))))
            }
            func exact() throws -> JSONValue? { try store.text(.flags, of: .one).map { try JSONValue.parse($0) } }
            try write(["a": [1], "b": nil])
            #expect(try exact() == ["a": [1], "b": nil])
            let patch = JSONObjectPatch(["c": [2]]) { NamedListFiles($0) }
            let outcome = try store.write(.run(.one), .patch(.file(.flags), patch))
            #expect(try JSONValue.parse(outcome.document) == ["a": [1], "b": nil, "c": [2]])
            try harness.reopen()
            #expect(
                try harness.store.text(.flags, of: .one).map { try JSONValue.parse($0) } == [
                    "a": [1], "b": nil, "c": [2],
                ])
        },
        StoreClaim("a list that is exact itself takes the place of one that was not") { harness in
            let store = harness.store
            try store.initialise(.one)
            let lists: [JSONObject] = [["a": [1]], ["a": 1], ["a": [[1]]], ["a": 1]]
            let writes = lists.map { RunWrite(.run(.one), .change(DataChange.put(.flags, NamedListFiles($0)))) }
            // In one batch and apart.
            #expect(try store.writeTogether(Array(writes[0...1])).allSatisfy { $0.refusal == nil })
            #expect(try store.text(.flags, of: .one) == "{\n  \"a\": 1\n}\n")
            #expect(try store.text(.sentFlags, of: .one) == nil)
            for write in writes[2...3] { _ = try store.writeTogether([write])[0].get() }
            #expect(try store.text(.flags, of: .one) == "{\n  \"a\": 1\n}\n")
            #expect(try store.text(.sentFlags, of: .one) == nil)
        },
        StoreClaim("a patch merges properties, and null removes one") { harness in
            let store = harness.store
            try store.initialise(.one, properties: [(.note, "old"), (.script, "train.R")])
            _ = try store.patch(.one, .properties, #"{"note":null,"epochs":5,"ok":true,"list":["a","b"]}"#)
            #expect(try store.property(.note, of: .one) == nil)
            #expect(try store.property(.script, of: .one) == "train.R")
            #expect(try store.property(#require(PropertyName("epochs")), of: .one) == "5")
            #expect(try store.property(#require(PropertyName("ok")), of: .one) == "TRUE")
            #expect(try store.property(#require(PropertyName("list")), of: .one) == "a\nb")
        },
        StoreClaim("patches of one batch merge one after the other") { harness in
            let store = harness.store
            try store.initialise(.one, flags: #"{"a":1}"#)
            let writes = [#"{"b":2}"#, #"{"a":null}"#, #"{"b":{"c":3}}"#].map { patch in
                RunWrite(.run(.one), .patch(.file(.flags), .make(patch)))
            }
            let replies = try store.writeTogether(writes)
            #expect(replies.allSatisfy { $0.refusal == nil })
            #expect(try store.text(.flags, of: .one) == #"{"b":{"c":3}}"#)
        },
        StoreClaim("a staged file is published") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .publish(try harness.staged("source"), .source))
            #expect(try store.text(.source, of: .one) == "source")
            let path = try #require(DataPath("made/for/it.bin"))
            try store.change(
                .one, .publish(try harness.staged("new"), .source), .publish(try harness.staged("it"), path))
            #expect(try store.text(.source, of: .one) == "new")
            #expect(try store.text(path, of: .one) == "it")
        },
        StoreClaim("the script of the source is the run's where none was given that is in it") { harness in
            let store = harness.store
            let files = ["main.py", "lib/net.py", "given.R", "a(b.R"]
            for (given, script) in [
                (nil, "main.py"), ("given.R", "given.R"), ("/home/x/given.R", "/home/x/given.R"), ("", "main.py"),
                ("other.R", "main.py"), ("net.py", "main.py"), ("C:\\given.R", "main.py"), ("a(b.R", "main.py"),
                ("lib/", "main.py"),
            ] as [(String?, String)] {
                try store.initialise(.one, properties: given.map { [(.script, $0)] } ?? [])
                try store.change(.one, .script("main.py", among: files))
                #expect(try store.property(.script, of: .one) == script, "\(given ?? "none")")
            }
        },
        StoreClaim("what is written is there after closing and opening again") { harness in
            try harness.store.initialise(.one, flags: #"{"a":0.10}"#, properties: [(.note, "n")])
            try harness.store.rows(.one, #"{"a":1}"#)
            try harness.store.change(.one, .publish(try harness.staged("source"), .source))
            try harness.store.rows(.two, #"{"a":2}"#)
            try harness.reopen()
            let store = harness.store
            #expect(try store.text(.flags, of: .one) == #"{"a":0.10}"#)
            #expect(try store.property(.note, of: .one) == "n")
            #expect(try store.text(.source, of: .one) == "source")
            #expect(try store.snapshot(of: .two)?.status == .pending)
            try store.rows(.one, #"{"a":2}"#)
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
            #expect(try store.frame(of: .two) == #"{"a":[2]}"#)
        },
    ]
}
