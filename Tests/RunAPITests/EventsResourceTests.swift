import Foundation
import JSON
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import DirectoryStore
@testable import RunAPI

/// `GET /events` and `GET /runs/{id}/events`.
@Suite struct EventsResourceTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    @Test func eachChangeIsToldInOrderWithItsData() throws {
        let reader = try EventStream(api.client(), "/events")
        try api.send("PUT", "/runs/a")
        try api.send("POST", "/runs/a/metadata/flags", "{\"lr\":0.1}")
        try api.send("POST", "/runs/a/metadata/metrics", "{\"epoch\":1,\"loss\":0.50}")
        try api.send("PATCH", "/runs/a/metadata/properties", "{\"note\":\"x\"}")
        try api.send("POST", "/runs/a/metadata/customnotes", "{}")
        try api.send("POST", "/runs/a/metadata/metrics", "{\"loss\":[1,2]}")
        try api.send("POST", "/runs/a/complete")
        try api.send("PUT", "/runs/b")
        try api.send("POST", "/runs/b/metadata/error", "{\"message\":\"m\"}")
        try api.send("DELETE", "/runs/b?force=true")
        var seen: [EventStream.Event] = []
        while seen.last?.type != "removed" {
            let event = try #require(try reader.next())
            seen.append(event)
        }
        #expect(
            seen.filter { $0.run == "a" }.map(\.type)
                == [
                    "properties", "initialised", "flags", "metrics", "properties", "metadata", "metrics", "properties",
                    "completed",
                ])
        #expect(
            seen.filter { $0.run == "b" }.map(\.type)
                == ["properties", "initialised", "error", "properties", "failed", "removed"])
        let row = seen.first { $0.type == "metrics" }?.data["rows"]
        #expect(row?.array?.first?["loss"]?.number?.text == "0.50", "as it was sent")
        #expect(seen.first { $0.type == "flags" }?.data["href"] == "/runs/a/metadata/flags")
        #expect(seen.first { $0.type == "metadata" }?.data["path"] == "notes.json")
        #expect(seen.last { $0.type == "metrics" }?.data["replaced"] == true)
    }

    @Test func outputIsToldWithItsTextWhereThatIsShort() throws {
        try api.send("PUT", "/runs/a")
        let reader = try EventStream(api.client(), "/runs/a/events")
        let (short, half) = (Array("épo\n".utf8), [UInt8(0xC3)])
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 20_000)
        var offset = 0
        for (sent, text) in [(short, "épo\n"), (half, nil), (long, nil), (short, "épo\n")] as [([UInt8], String?)] {
            #expect(try api.client().send("POST", "/runs/a/metadata/output", body: sent).status == 201)
            let event = try #require(try reader.next())
            #expect(event.type == "output")
            #expect(event.data["run"] == "a")
            #expect(event.data["offset"]?.number?.int == offset)
            #expect(event.data["length"]?.number?.int == sent.count)
            #expect(event.data["text"]?.string == text)
            #expect(event.data["href"]?.string == "/runs/a/output?after=\(offset)")
            offset += sent.count
        }
    }

    @Test func outputThatIsAppendedInManyPartsIsToldTogether() {
        let run = RunID("a")!
        let parts = (0..<100).map { RunChange(run: run, kind: .output(AppendedOutput(offset: $0 * 2, [97, 10]))) }
        let joined = batch(parts)
        #expect(joined.count == 1)
        #expect(String(decoding: joined.all, as: UTF8.self).contains("\"offset\":0,\"length\":200,\"text\":\"a\\na"))
        // What was replaced in between, and begins anew, is told apart.
        let anew = parts + [RunChange(run: run, kind: .properties(["output"]))] + parts.prefix(2)
        #expect(batch(anew).count == 3)
        let other = batch([parts[0], parts[5], parts[6]])
        #expect(other.count == 2)
        // As much as a reader is sent at a time.
        let much = (0..<100).map { index in
            RunChange(
                run: run, kind: .output(AppendedOutput(offset: index * 1000, [UInt8](repeating: 97, count: 1000))))
        }
        let long = batch(much)
        #expect(long.count == 1 && long.all.count < 200)
        #expect(String(decoding: long.all, as: UTF8.self).contains("\"length\":100000,\"href\""))
    }

    /// The exact list is no metadata of its own.
    @Test func aListThatIsKeptExactlyIsToldOnce() throws {
        try api.send("PUT", "/runs/a")
        let reader = try EventStream(api.client(), "/runs/a/events")
        try api.send("POST", "/runs/a/metadata/flags", "{\"lr\":[0.1]}")
        try api.send("POST", "/runs/a/metadata/flags", "{\"lr\":0.1}")
        try api.send("POST", "/runs/a/metadata/evaluation", "{\"acc\":null}")
        #expect(try (0..<3).map { _ in try reader.next()?.type } == ["flags", "flags", "evaluation"])
    }

    @Test func readerOfARunHearsOfThatRunUntilItIsRemoved() throws {
        try api.send("PUT", "/runs/a")
        try api.send("PUT", "/runs/b")
        let reader = try EventStream(api.client(), "/runs/a/events")
        try api.send("POST", "/runs/b/metadata/metrics", "{\"loss\":1}")
        try api.send("POST", "/runs/a/metadata/metrics", "{\"loss\":2}")
        let event = try #require(try reader.next())
        #expect(event.data["run"]?.string == "a")
        #expect(event.rows == ["{\"loss\":2}"])
        try api.send("DELETE", "/runs/a?force=true")
        #expect(try reader.next()?.type == "removed")
        #expect(try reader.next() == nil)
        try BadRequest("GET", "/runs/a/events", 404, "unknown-run").check(api)
    }

    @Test func readerThatComesBackGetsWhatItMissed() throws {
        try api.send("PUT", "/runs/a")
        let reader = try EventStream(api.client(), "/runs/a/events")
        try api.send("POST", "/runs/a/metadata/metrics", "{\"epoch\":1}")
        #expect(try reader.next()?.type == "metrics")
        let other = try EventStream(api.client(), "/events")
        let id = reader.lastID
        try api.send("POST", "/runs/a/metadata/metrics", "{\"epoch\":2}")
        #expect(try other.next()?.rows == ["{\"epoch\":2}"])
        let again = try EventStream(api.client(), "/runs/a/events", lastID: id)
        #expect(try again.next()?.rows == ["{\"epoch\":2}"])
        try api.send("POST", "/runs/a/metadata/metrics", "{\"epoch\":3}")
        #expect(try again.next()?.rows == ["{\"epoch\":3}"])
    }

    @Test(arguments: ["an-other-1", "nonsense", "0-0", "-", "zzzzzzzz-5"])
    func readerWhoseIDMeansNothingAnyMoreIsToldToReadAnew(id: String) throws {
        let reader = try EventStream(api.client(), "/events", lastID: id)
        #expect(try reader.next()?.type == "reset")
        try api.send("PUT", "/runs/a")
        #expect(try reader.next()?.data["run"] == "a", "and goes on")
    }

    @Test func headOfEventsIsTheHeadAlone() throws {
        let reply = try api.client().send("HEAD", "/events")
        #expect(reply.status == 200 && reply.headers["content-type"] == "text/event-stream")
    }

    // MARK: Parts

    private let run = RunID("a")!

    /// Changes, numbered from 1, as events.
    private func batch(_ changes: [RunChange], readers: [RunID: Int] = [:], readersOfAll: Int = 1) -> EventBatch {
        let told = changes.enumerated().map {
            ToldChange(id: ChangeID(series: "e", number: UInt64($0 + 1)), change: $1)
        }
        return EventBatch(told, readers: readers, readersOfAll: readersOfAll)
    }

    /// Fails when an event's id stands for more than was told by then.
    @Test func anEventHasTheIDOfTheLastChangeInIt() throws {
        let other = try #require(RunID("b"))
        let row = RunChange.Kind.rows(Array("{}\n".utf8))
        let changes = [
            RunChange(run: run, kind: row), RunChange(run: run, kind: row), RunChange(run: other, kind: row),
            RunChange(run: run, kind: .output(AppendedOutput(offset: 0, [97]))), RunChange(run: run, kind: row),
        ]
        let events = batch(changes)
        func ids(_ text: [UInt8]?) -> [String] {
            String(decoding: text ?? [], as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("id: ") }.map {
                String($0.dropFirst(4))
            }
        }
        #expect(ids(events.all) == ["e-2", "e-3", "e-4", "e-5"])
        #expect(ids(events.texts[run]) == ["e-2", "e-4", "e-5"])
        #expect(ids(events.texts[other]) == ["e-3"])
    }

    @Test func rowsThatComeTooFastAreSkippedAndCountedTheLatestKept() {
        let line = "{\"loss\":0.123456789}\n"
        let changes = (0..<2000).map { _ in RunChange(run: run, kind: .rows(Array(line.utf8))) }
        let few = batch(changes, readers: [run: 1], readersOfAll: 0)
        #expect(!String(decoding: few.texts[run] ?? [], as: UTF8.self).contains("skipped"))
        let many = batch(changes, readers: [run: 1000], readersOfAll: 0)
        let text = String(decoding: many.texts[run] ?? [], as: UTF8.self)
        let kept = text.split(separator: "loss").count - 1
        #expect(text.contains("event: skipped") && text.contains("\"rows\":\(2000 - kept)"))
        #expect(kept > 500 && text.utf8.count < 20_000)
    }
}
