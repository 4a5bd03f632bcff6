package import RunMetadata
package import RunStore
internal import Testing

extension StoreClaim {
    /// Files of the run's directory beside its metadata.
    static let artifacts = [
        StoreClaim("an artifact is published, replaced and removed") { harness in
            let store = harness.store
            try store.initialise(.one)
            let first = try harness.publish(.model, "1")
            #expect(first.effect == .written)
            #expect(!first.replaced)
            #expect(try harness.publish(.model, "two").replaced)
            #expect(try store.artifact(.model) == "two")
            #expect(
                try store.write(.run(.one), .change([.removeArtifact(.model, if: { _ in true })])).effect == .written)
            #expect(try store.artifact(.model) == nil)
            #expect(
                try store.refusal(of: RunWrite(.run(.one), .change([.removeArtifact(.model, if: { _ in true })])))
                    == .noFile(.model))
        },
        StoreClaim("an artifact is written if what is there is as asked for") { harness in
            let store = harness.store
            try store.initialise(.one)
            let isNew: FileCondition = { $0 == nil }
            try harness.publish(.model, "1", if: isNew)
            #expect(throws: StoreError.conditionFailed(.model)) { try harness.publish(.model, "2", if: isNew) }
            guard case .file(let file) = try store.file(.model, of: .one, page: .init(limit: 1)) else { return }
            let version = file.version
            #expect(try file.read() == Array("1".utf8))
            try harness.publish(.model, "3", if: { $0 == version })
            #expect(throws: StoreError.conditionFailed(.model)) {
                try harness.publish(.model, "4", if: { $0 == version })
            }
            #expect(try store.artifact(.model) == "3")
        },
        StoreClaim("artifacts of a pending run come with it") { harness in
            let store = harness.store
            #expect(try harness.publish(.model, "early").effect == .pending)
            try store.initialise(.one)
            #expect(try store.artifact(.model) == "early")
        },
        StoreClaim("artifacts that wait for a session's next run come with it, the younger one") { harness in
            let store = harness.store
            try harness.publish(.model, "run's")
            pause(milliseconds: 20)
            let path = try #require(ArtifactPath("plots/loss.png"))
            for (path, text) in [(path, "plot"), (.model, "session's")] {
                let change = DataChange.artifact(try harness.staged(text), path, if: { _ in true })
                #expect(try store.write(.active(.default), .change([change])).effect == .pending)
            }
            try store.initialise(.one)
            #expect(try store.artifact(path) == "plot")
            #expect(try store.artifact(.model) == "session's")
        },
        StoreClaim("an archived run takes no artifact") { harness in
            try harness.store.initialise(.one)
            try harness.publish(.model, "1")
            try harness.archive(.one)
            #expect(throws: StoreError.archived(.one)) { try harness.publish(.model, "2") }
            #expect(try harness.store.artifact(.model) == "1")
        },
        StoreClaim("a folder is no place for a file as long as anything is in it") { harness in
            let store = harness.store
            try store.initialise(.one)
            let (first, second) = (ArtifactPath("models/a")!, ArtifactPath("models/b")!)
            for path in [first, second] { try harness.publish(path, "1") }
            let folder = ArtifactPath("models")!
            let staged = try harness.staged("2")
            let error = try #require(throws: StoreError.self) {
                try store.write(
                    .run(.one),
                    .change([
                        .removeArtifact(first, if: { _ in true }), .artifact(staged, folder, if: { _ in true }),
                    ]))
            }
            guard case .pathTaken = error else {
                Issue.record("\(error)")
                return
            }
        },
        StoreClaim("a folder is no place for a file, nor a file for a folder") { harness in
            let store = harness.store
            try store.initialise(.one)
            try harness.publish(.model, "1")
            for path in ["models", "models/net.pt/part"] {
                let path = try #require(ArtifactPath(path))
                let error = try #require(throws: StoreError.self) { try harness.publish(path, "2") }
                guard case .pathTaken = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
            #expect(try store.artifact(.model) == "1")
        },
        StoreClaim("a folder is listed by name, page by page") { harness in
            let store = harness.store
            try store.initialise(.one)
            for name in ["b", "a", "dir/x", "é", "c"] { try harness.publish(try #require(ArtifactPath(name)), name) }
            func page(_ limit: Int, _ after: String? = nil, of path: ArtifactPath? = nil) throws -> FolderPage? {
                let asked = FolderPage.Request(limit: limit, after: after.map { Array($0.utf8) })
                guard case .folder(let page) = try store.file(path, of: .one, page: asked)
                else { return nil }
                return page
            }
            let first = try #require(try page(3))
            #expect(first.entries.map(\.text) == ["a", "b", "c"])
            #expect(first.next == Array("c".utf8))
            #expect(first.entries.map(\.size) == [1, 1, 1])
            let second = try #require(try page(3, "c"))
            #expect(second.entries.map(\.text) == ["dir", "tfruns.d", "é"])
            #expect(second.entries.map(\.isFolder) == [true, true, false])
            #expect(second.next == nil)
            #expect(try page(9, of: ArtifactPath("dir"))?.entries.map(\.text) == ["dir/x"])
        },
        StoreClaim("all files below a folder are listed by path, page by page") { harness in
            let store = harness.store
            try store.initialise(.one)
            let names = ["a/b/c", "a/b.txt", "a/b/d e", "a.txt", "b", "é/x", "a/b/e/f"]
            for name in names { try harness.publish(try #require(ArtifactPath(name)), name) }
            func page(_ limit: Int, _ after: [UInt8]?, of path: ArtifactPath?) throws -> FolderPage? {
                let asked = FolderPage.Request(limit: limit, after: after, isRecursive: true)
                guard case .folder(let page) = try store.file(path, of: .one, page: asked) else { return nil }
                return page
            }
            func all(_ limit: Int, of path: ArtifactPath? = nil) throws -> [String] {
                var (found, after): ([String], [UInt8]?) = ([], nil)
                repeat {
                    let page = try #require(try page(limit, after, of: path))
                    #expect(page.entries.count <= limit && page.entries.allSatisfy { !$0.isFolder })
                    found += page.entries.map(\.text)
                    after = page.next
                } while after != nil
                return found.filter { !$0.hasPrefix("tfruns.d/") }
            }
            let sorted = ["a/b/c", "a/b/d e", "a/b/e/f", "a/b.txt", "a.txt", "b", "é/x"]
            for limit in [1, 2, 3, 100] { #expect(try all(limit) == sorted, "\(limit) on a page") }
            #expect(try all(2, of: ArtifactPath("a/b")) == ["a/b/c", "a/b/d e", "a/b/e/f"])
            #expect(try page(100, nil, of: nil)?.entries.contains { $0.text == "tfruns.d/properties/start" } == true)
            #expect(try page(100, nil, of: ArtifactPath("nothing")) == nil)
        },
        StoreClaim("metadata is among the files, up to date") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "{}")
            try store.rows(.one, #"{"a":1}"#)
            #expect(try store.artifact(#require(ArtifactPath("tfruns.d/flags.json"))) == "{}")
            #expect(try store.artifact(#require(ArtifactPath("tfruns.d/metrics.json"))) == "{\n  \"a\": [1]\n}\n")
            #expect(throws: StoreError.unknownRun) { try store.file(nil, of: .two, page: .init(limit: 1)) }
        },
        StoreClaim("a bundle has the metadata of one moment, and the artifacts") { harness in
            let store = harness.store
            try store.initialise(.one, flags: "{\"old\":1}")
            try store.rows(.one, #"{"a":1}"#)
            try harness.publish(.model, "weights")
            let bundle = try store.bundle(of: .one)
            try store.rows(.one, #"{"a":2}"#)
            try store.change(.one, .put(.flags, "{\"new\":1}"))
            let files = try bundle.texts()
            #expect(files["tfruns.d/flags.json"] == "{\"old\":1}")
            #expect(files["tfruns.d/metrics.ndjson"] == "{\"a\":1}\n")
            #expect(files["tfruns.d/metrics.json"] == "{\n  \"a\": [1]\n}\n")
            #expect(files["tfruns.d/properties/type"] == "training\n")
            #expect(files["models/net.pt"] == "weights")
            #expect(throws: StoreError.unknownRun) { try store.bundle(of: .two) }
        },
    ]
}

extension ArtifactPath {
    package static let model = ArtifactPath("models/net.pt")!
}

extension RunStore {
    /// The text of a file of run one; nil where there is none.
    package func artifact(_ path: ArtifactPath) throws -> String? {
        guard case .file(let file) = try file(path, of: .one, page: .init(limit: 1)) else { return nil }
        return String(decoding: try file.read(), as: UTF8.self)
    }
}

extension RunBundle {
    /// The files in it, by path, to the size that each had.
    package func texts() throws -> [String: String] {
        var texts: [String: String] = [:]
        for (index, entry) in entries.enumerated() where !entry.isFolder {
            guard let file = try open(index) else { continue }
            let size = file.size
            texts[String(decoding: entry.path, as: UTF8.self)] = String(
                decoding: try file.read().prefix(size), as: UTF8.self)
        }
        return texts
    }
}
