import Foundation
import JSON
import TestSupport
import Testing

/// Events of what something else, such as R, does to run directories.
@Suite struct ForeignEventsTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path)
        client = try server.connect()
    }

    private func write(_ text: String, _ name: String, of run: String = "a") {
        folder.write("\(run)/tfruns.d/\(name)", text)
    }

    private func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(folder.path)/\(path)") }

    /// Something that the server writes: what was told until then is all.
    private func mark(_ run: String = "a") throws {
        #expect(try client.sendJSON("PATCH", "/runs/\(run)/metadata/properties", #"{"mark": "x"}"#).status == 200)
    }

    @Test(arguments: ["/events", "/runs/a/events"])
    func eachFileThatSomethingElseWritesIsTold(_ target: String) throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let events = try EventStream(server.connect(timeout: 20), target)
        for (name, text, type) in [
            ("flags.json", #"{"lr": 1}"#, "flags"), ("flags.json", #"{"lr": 2}"#, "flags"),
            ("evaluation.json", #"{"acc": 1}"#, "evaluation"), ("metrics.json", #"{"loss": [1]}"#, "metrics"),
            ("metrics.json", #"{"loss": [1, 2]}"#, "metrics"), ("properties/note", "R's\n", "properties"),
            ("source.tar.gz", "gz", "source"), ("notes.json", "{}", "metadata"),
        ] {
            write(text, name)
            let event = try #require(try events.next())
            #expect(event.type == type && event.run == "a", "\(name): \(event)")
            switch type {
            case "metrics": #expect(event.data["replaced"] == true)
            case "properties": #expect(event.data["names"] == ["note"])
            case "metadata": #expect(event.data["path"] == "notes.json")
            default: #expect(event.data["href"]?.string == "/runs/a/metadata/\(type)")
            }
        }
        try remove("a/tfruns.d/flags.json")
        #expect(try events.next()?.type == "flags")
        write(#"{"message": "m"}"#, "error.json")
        #expect(try [events.next()?.type, events.next()?.type] == ["error", "failed"])
    }

    @Test func runsThatComeAndGoAreTold() throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let events = try EventStream(server.connect(timeout: 20), "/events")
        write("1795499177.5\n", "properties/start", of: "b")
        #expect(try events.events(upTo: "initialised", of: "b").count == 1)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/archive", withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(folder.path)/b", toPath: "\(folder.path)/archive/b")
        #expect(try events.events(upTo: "archived", of: "b").count == 1)
        try FileManager.default.moveItem(atPath: "\(folder.path)/archive/b", toPath: "\(folder.path)/b")
        #expect(try events.events(upTo: "restored", of: "b").count == 1)
        try remove("b")
        try remove("a")
        let last = try [events.next(), events.next()].map { "\($0?.type ?? "") \($0?.run ?? "")" }
        #expect(Set(last) == ["removed a", "removed b"])
    }

    @Test func theEndThatRWritesIsTold() throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let events = try EventStream(server.connect(timeout: 20), "/runs/a/events")
        write("TRUE\n", "properties/completed")
        write("1795499177.5\n", "properties/end")
        #expect(try events.events(upTo: "completed", of: "a").last?.data["href"] == "/runs/a")
    }

    /// A frame that is being written is told once, when it is whole.
    @Test func aFrameIsToldWhenItIsWhole() throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let events = try EventStream(server.connect(timeout: 20), "/events")
        write("{\"loss\": [1,", "metrics.json")
        // Longer than it takes to look.
        usleep(2500_000)
        try mark()
        #expect(try events.next()?.type == "properties")
        write("{\"loss\": [1, 2]}", "metrics.json")
        #expect(try events.next()?.type == "metrics")
        usleep(2500_000)
        try mark()
        #expect(try events.next()?.type == "properties")
    }

    /// What the server writes is told once, whatever it is, and so is nothing that it does by itself.
    @Test func whatTheServerWritesIsNotToldTwice() throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let all = try EventStream(server.connect(timeout: 20), "/events")
        let one = try EventStream(server.connect(timeout: 20), "/runs/a/events")
        var expected: [String] = []
        for round in 1...3 {
            for (type, body) in [
                ("flags", #"{"lr": [\#(round), null]}"#), ("evaluation", #"{"acc": \#(round)}"#),
                ("metrics", #"{"epoch": \#(round), "loss": 0.5}"#), ("properties", #"{"note": "\#(round)"}"#),
            ] {
                #expect(try client.sendJSON("POST", "/runs/a/metadata/\(type)", body).status == 201)
                expected.append(type)
            }
            #expect(try client.send("POST", "/runs/a/metadata/output", text: "line\n").status == 201)
            expected.append("output")
            // The view of the rows is refreshed meanwhile, and all is looked at.
            usleep(1500_000)
        }
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"loss": [1, 2, 3, 4]}"#).status == 201)
        #expect(try client.sendEmpty("POST", "/runs/a/complete").status == 200)
        expected += ["metrics", "properties", "completed"]
        usleep(2500_000)
        #expect(try client.sendEmpty("POST", "/runs/a/archive").status == 200)
        #expect(try client.sendEmpty("POST", "/runs/a/restore").status == 200)
        usleep(2500_000)
        #expect(try client.send("DELETE", "/runs/a?force=true").status == 204)
        expected += ["archived", "restored", "removed"]
        for events in [all, one] {
            #expect(try events.events(upTo: "removed", of: "a").map(\.type) == expected)
        }
        // A run that begins while somebody reads, too.
        #expect(try client.send("PUT", "/runs/b").status == 201)
        usleep(2500_000)
        try mark("b")
        #expect(try (0..<3).map { _ in try all.next()?.type } == ["properties", "initialised", "properties"])
    }

    /// R replaces the frame of a run that has rows; the next row goes on from it.
    @Test func aFrameThatReplacesRowsIsTold() throws {
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 0.5}"#).status == 201)
        let events = try EventStream(server.connect(timeout: 20), "/runs/a/events")
        usleep(1500_000)
        write(#"{"epoch": [1], "loss": [7]}"#, "metrics.json")
        let event = try #require(try events.next())
        #expect(event.type == "metrics" && event.data["replaced"] == true)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 2, "loss": 8}"#).status == 201)
        #expect(try client.send("GET", "/runs/a/metrics").json["loss"] == [7, 8])
        #expect(try events.next()?.type == "metrics")
        // Rows that something else appends.
        let rows = try FileHandle(forWritingTo: URL(filePath: "\(folder.path)/a/tfruns.d/metrics.ndjson"))
        usleep(2500_000)
        try rows.seekToEnd()
        try rows.write(contentsOf: Data("{\"epoch\":3,\"loss\":9}\n".utf8))
        #expect(try events.next()?.data["replaced"] == true)
    }
}
