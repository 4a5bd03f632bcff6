import Foundation
import JSON
import TestSupport
import Testing

/// What something else has made of run directories while a server ran that is killed then: it is newer than the
/// journal.
@Suite struct KilledServerTests {
    private let folder = TemporaryFolder()

    private func write(_ text: String, _ name: String, of run: String = "a") {
        folder.write("\(run)/tfruns.d/\(name)", text)
    }

    /// A run with metadata of every kind, all of it in the journal.
    private func begin(_ client: HTTPClient, _ run: String) throws {
        #expect(try client.send("PUT", "/runs/\(run)").status == 201)
        for (type, body) in [
            ("flags", #"{"lr": 0.1}"#), ("evaluation", #"{"acc": 0.5}"#),
            ("properties", #"{"note": "server's", "other": "x"}"#),
            ("metrics", #"{"epoch": 1, "loss": 0.5}"#),
        ] {
            let reply = try client.sendJSON("POST", "/runs/\(run)/metadata/\(type)", body)
            #expect(reply.status == 201, "\(type): \(reply.text)")
        }
        #expect(try client.send("POST", "/runs/\(run)/metadata/output", text: "line\n").status == 201)
    }

    @Test func whatWasRewrittenBeforeTheServerWasKilledStays() throws {
        var server = try Server(runs: folder.path)
        let client = try server.connect()
        try begin(client, "a")
        #expect(try client.sendJSON("POST", "/runs/a/metadata/error", #"{"message": "server's"}"#).status == 201)
        let written = [
            "flags.json": #"{"lr": 7}"#, "evaluation.json": #"{"acc": 7}"#, "error.json": #"{"message": "R's"}"#,
            "properties/note": "R's\n", "metrics.json": #"{"epoch": [1, 2], "loss": [7, 8]}"#,
        ]
        for (name, text) in written { write(text, name) }
        try server.crash()
        server = try Server(runs: folder.path)
        for (name, text) in written { #expect(server.text(name, of: "a") == text, "\(name)") }
        #expect(server.text("properties/other", of: "a") == "x\n")
        let reader = try server.connect()
        #expect(try reader.send("GET", "/runs/a/metadata/flags").json["lr"] == 7)
        #expect(try reader.send("GET", "/runs/a/metrics").json["loss"] == [7, 8])
    }

    @Test func whatWasRemovedBeforeTheServerWasKilledIsNotMadeAnew() throws {
        var server = try Server(runs: folder.path)
        let client = try server.connect()
        for run in ["a", "b", "c"] { try begin(client, run) }
        let gone = [
            "flags.json", "evaluation.json", "properties/note", "properties/output", "metrics.ndjson",
        ]
        for name in gone { unlink("\(folder.path)/a/tfruns.d/\(name)") }
        unlink("\(folder.path)/a/tfruns.d/metrics.json")
        try FileManager.default.removeItem(atPath: "\(folder.path)/b")
        try FileManager.default.moveItem(atPath: "\(folder.path)/c", toPath: "\(folder.path)/renamed")
        try server.crash()
        server = try Server(runs: folder.path)
        for name in gone { #expect(server.text(name, of: "a") == nil, "\(name)") }
        let listed = try server.connect().send("GET", "/runs").json["runs"]?.array ?? []
        #expect(Set(listed.compactMap { $0["run"]?.string }) == ["a", "renamed"])
    }

    /// The last write of all is in the journal's last frame, which is the one that may not have been done.
    @Test(arguments: ["flags", "metrics", "output", "properties"])
    func whatTheLastWriteMadeAndWasRemovedStaysRemoved(_ type: String) throws {
        var server = try Server(runs: folder.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let (name, body) =
            switch type {
            case "flags": ("flags.json", #"{"lr": 1}"#)
            case "metrics": ("metrics.ndjson", #"{"loss": 1}"#)
            case "output": ("properties/output", "line\n")
            default: ("properties/note", #"{"note": "x"}"#)
            }
        #expect(try client.send("POST", "/runs/a/metadata/\(type)", text: body).status == 201)
        #expect(server.text(name, of: "a") != nil)
        unlink("\(folder.path)/a/tfruns.d/\(name)")
        try server.crash()
        server = try Server(runs: folder.path)
        #expect(server.text(name, of: "a") == nil)
    }

    @Test func aRunThatWasRemovedWhenAllOfItWasTheLastWriteStaysRemoved() throws {
        var server = try Server(runs: folder.path)
        #expect(try server.connect().send("PUT", "/runs/a").status == 201)
        try FileManager.default.removeItem(atPath: "\(folder.path)/a")
        try server.crash()
        server = try Server(runs: folder.path)
        #expect(try server.connect().send("GET", "/runs/a").status == 404)
    }

    /// Lists that are kept as they were sent, too: what was sent hides nothing that came later.
    @Test func aListThatWasRewrittenCountsForReadingMergingAndListing() throws {
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        for (type, column) in [("flags", "flag_lr"), ("evaluation", "eval_lr")] {
            let list = type == "flags" ? #"{"lr": [1, null], "x": {}}"# : #"{"lr": {"a": 1, "b": {}}}"#
            #expect(try client.sendJSON("POST", "/runs/a/metadata/\(type)", list).status == 201)
            #expect(server.text("sent/\(type).json", of: "a") != nil)
            write(#"{"lr": 7}"#, "\(type).json")
            #expect(try client.send("GET", "/runs/a/metadata/\(type)").json == ["lr": 7])
            #expect(try client.send("GET", "/runs").json["runs"]?.array?.first?[column] == 7)
            #expect(try client.sendJSON("PATCH", "/runs/a/metadata/\(type)", #"{"y": 8}"#).json == ["lr": 7, "y": 8])
        }
    }

    /// What comes while no server runs is newer too.
    @Test func whatWasRewrittenAfterTheServerWasKilledStays() throws {
        var server = try Server(runs: folder.path)
        try begin(try server.connect(), "a")
        try server.crash()
        write(#"{"lr": 7}"#, "flags.json")
        unlink("\(folder.path)/a/tfruns.d/properties/note")
        server = try Server(runs: folder.path)
        #expect(server.text("flags.json", of: "a") == #"{"lr": 7}"#)
        #expect(server.text("properties/note", of: "a") == nil)
    }

    /// A copy is of some moment, or several: all that its journal tells is done again.
    @Test func aCopyOfAKilledServersDirectoryIsBroughtUpToDate() throws {
        let server = try Server(runs: "\(folder.path)/runs")
        try begin(try server.connect(), "a")
        try server.crash()
        try Command.succeed("cp", "-a", "\(folder.path)/runs", "\(folder.path)/copy")
        unlink("\(folder.path)/copy/a/tfruns.d/flags.json")
        unlink("\(folder.path)/copy/a/tfruns.d/metrics.ndjson")
        let other = try Server(runs: "\(folder.path)/copy")
        #expect(other.text("flags.json", of: "a") != nil)
        #expect(other.text("metrics.ndjson", of: "a") != nil)
    }
}
