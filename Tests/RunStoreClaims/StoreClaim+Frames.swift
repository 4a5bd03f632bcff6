internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import TestSupport
internal import Testing

extension StoreClaim {
    /// Whole frames beside rows.
    static let frames = [
        StoreClaim("a shorter frame does not take the place of more rows, where it must not") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#, #"{"a":2}"#)
            let short = replacing(#"{"a":[5]}"#, rows: 1, .unlessShorter)
            guard case .frameConflict? = try store.refusal(of: RunWrite(.run(.one), .change([short]))) else {
                Issue.record("the shorter frame was taken")
                return
            }
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
            try store.change(.one, replacing(#"{"a":[5,6]}"#, rows: 2, .unlessShorter))
            #expect(try store.frame(of: .one) == #"{"a":[5,6]}"#)
            #expect(try store.text(.earlierMetricsRows, of: .one) == "{\"a\":1}\n{\"a\":2}\n")
        },
        StoreClaim("a frame goes on from the rows that it begins with; else its rows are appended") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            try store.change(.one, replacing(#"{"a":[1,2]}"#, rows: 2, .continuing(otherwise: nil)))
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
            #expect(try store.text(.earlierMetricsRows, of: .one) == nil)
            let other = replacing(#"{"a":[7]}"#, rows: 1, .continuing(otherwise: nil))
            guard case .frameConflict? = try store.refusal(of: RunWrite(.run(.one), .change([other]))) else {
                Issue.record("a frame that does not go on was taken")
                return
            }
            let rows = try MetricsRows.make([#"{"a":7}"#])
            try store.change(.one, replacing(#"{"a":[7]}"#, rows: 1, .continuing(otherwise: rows)))
            #expect(try store.frame(of: .one) == #"{"a":[1,2,7]}"#)
        },
    ]

    private static func replacing(
        _ frame: String, rows: Int, _ condition: MetricsReplacement.Condition
    ) -> DataChange {
        .frame(MetricsReplacement(text: Array(frame.utf8), rowCount: rows, condition))
    }

    /// Reading beside the documents, and watching.
    static let reading = [
        StoreClaim("a file is published over the version that it was made from, and no other") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .publish(try harness.staged("1"), .source))
            let version = try #require(try store.file(.source, of: .one)?.version)
            try store.change(.one, .publish(try harness.staged("2"), .source, over: version))
            let file = try harness.staged("3")
            #expect(throws: StoreError.changedMeanwhile(.source)) {
                try store.change(.one, .publish(file, .source, over: version))
            }
            #expect(try store.text(.source, of: .one) == "2")
        },
        StoreClaim("a folder is published over the version that it was made from, and no other") { harness in
            let store = harness.store
            let images = try #require(DataPath("images"))
            try store.initialise(.one)
            try store.change(.one, try harness.staged(images, "a", "1"))
            try store.change(.one, try harness.staged(images, "b", "2"))
            #expect(try store.files(below: images, of: .one).map(\.path.description) == ["images/a", "images/b"])
            let late = try harness.staged(images, "c", "3")
            pause(milliseconds: 20)
            try store.change(.one, .put(try #require(DataPath("images/d")), "4"))
            #expect(throws: StoreError.changedMeanwhile(images)) { try store.change(.one, late) }
            let names = try store.files(below: images, of: .one).map(\.path.description)
            #expect(names == ["images/a", "images/b", "images/d"])
        },
        StoreClaim("a file that was opened stays what it was") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "{}")
            let file = try #require(try store.file(.flags, of: .one))
            try store.change(.one, .put(.flags, #"{"a":1}"#))
            #expect(try file.read() == Array("{}".utf8))
            let later = try #require(try store.file(.flags, of: .one)?.version)
            #expect(later != file.version)
        },
        StoreClaim("the files below a folder are told with their sizes") { harness in
            let store = harness.store
            let folder = try #require(DataPath("images"))
            try store.initialise(.one)
            for (name, text) in [("b/c", "123"), ("a", "1")] {
                try store.change(.one, .put(try #require(DataPath("images/\(name)")), text))
            }
            let files = try store.files(below: folder, of: .one)
            #expect(files.map(\.path.description) == ["images/a", "images/b/c"])
            #expect(files.map(\.size) == [1, 3])
            #expect(try store.files(below: folder, of: .two).isEmpty)
        },
        StoreClaim("programs read a target's metadata in a folder, what waits for a session too") { harness in
            let store = harness.store
            let folder = try harness.scratch.makeFolder()
            #expect(try store.localMetadata(of: .active(.default), in: folder) == nil)
            try store.write(.active(.default), .change([.put(.flags, "{}")]))
            let waiting = try #require(try store.localMetadata(of: .active(.default), in: folder))
            #expect(contents(of: "\(waiting.path)/flags.json") == Array("{}".utf8))
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            let local = try #require(try store.localMetadata(of: .run(.one), in: folder))
            #expect(contents(of: "\(local.path)/metrics.json") == Array("{\n  \"a\": [1]\n}\n".utf8))
            #expect(contents(of: "\(local.path)/properties/type") == Array("training\n".utf8))
        },
        StoreClaim("who watches is told what happened to a run, in its order") { harness in
            let store = harness.store
            try store.rows(.one, #"{"a":0}"#)
            store.changes.watch(true)
            defer { store.changes.watch(false) }
            func told(_ write: () throws -> WriteOutcome) throws -> [String] {
                _ = try write()
                return store.changes.take().changes.map(\.change).filter { $0.run == .one }.map { "\($0.kind.word)" }
            }
            #expect(try told { try store.initialise(.one) } == ["properties", "initialised"])
            #expect(try told { try store.rows(.one, #"{"a":1}"#) } == [#"rows {"a":1}"# + "\n"])
            #expect(try told { try store.output(.one, "x") } == ["output 0+1"])
            #expect(try told { try store.output(.one, "yz") } == ["output 1+2"])
            #expect(try told { try store.change(.one, .put(.flags, "{}")) } == ["file flags.json"])
            #expect(try told { try harness.publish(.model, "m") } == ["artifact models/net.pt"])
            #expect(try told { try store.change(.one, .frame(Array(#"{"b":[1]}"#.utf8))) } == ["metrics"])
            #expect(try told { try store.complete(.one) } == ["properties", "completed"])
            #expect(try told { try store.write(.run(.one), .archive) } == ["archived"])
            #expect(try told { try store.write(.run(.one), .restore) } == ["restored"])
            #expect(try told { try store.write(.run(.one), .purge(force: true)) } == ["removed"])
        },
        StoreClaim("who comes back is told what came after the last change that it has") { harness in
            let store = harness.store
            for run in [RunID.one, .two] { try store.initialise(run) }
            store.changes.watch(true)
            defer { store.changes.watch(false) }
            let start = store.changes.position
            for run in [RunID.one, .two, .one] { try store.rows(run, #"{"a":1}"#) }
            try store.output(.two, "x")
            let taken = store.changes.take().changes
            #expect(taken.count == 4)
            let ids = taken.map(\.id)
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0.number < $1.number && $0.series == $1.series })
            #expect(store.changes.position == ids.last)
            #expect(ids.map { ChangeID($0.description) } == ids)
            #expect(store.changes.changes(after: start, of: nil)?.map(\.id) == ids)
            #expect(store.changes.changes(after: ids[1], of: nil)?.map(\.id) == Array(ids[2...]))
            let ofTwo = taken.filter { $0.change.run == .two && $0.id.number > ids[0].number }.map(\.id)
            #expect(store.changes.changes(after: ids[0], of: .two)?.map(\.id) == ofTwo)
            let unknown = ChangeID(series: "none", number: ids[0].number)
            #expect(store.changes.changes(after: unknown, of: nil) == nil)
            try store.rows(.one, #"{"a":2}"#)
            let later = store.changes.take().changes.map(\.id)
            #expect(store.changes.changes(after: ids[3], of: nil)?.map(\.id) == later)
        },
    ]
}

extension RunChange.Kind {
    /// What happened, in short.
    fileprivate var word: String {
        switch self {
        case .rows(let rows): "rows \(String(decoding: rows, as: UTF8.self))"
        case .output(let output): "output \(output.offset)+\(output.count)"
        case .metricsReplaced: "metrics"
        case .properties: "properties"
        case .file(let path): "file \(path)"
        case .artifact(let path): "artifact \(path)"
        default: "\(self)"
        }
    }
}
