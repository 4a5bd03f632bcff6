import JSON
import Limits
import TestSupport
import Testing

@testable import RunAPI

/// How many readers events have, and how far behind they may be.
@Suite struct EventLimitsTests {
    private func fixture(readers: Int = 1000, backlog: Int = 1 << 20) throws -> APIFixture {
        var limits = EventHub.Limits()
        limits.readers = Limit(.readers, most: readers, setting: "--max-event-readers")
        limits.backlog = backlog
        return try .make(events: limits)
    }

    @Test func readerAboveTheLimitIsToldSo() throws {
        let api = try fixture(readers: 2)
        try api.send("PUT", "/runs/a")
        var first: EventStream? = try EventStream(api.client(), "/events")
        let second = try EventStream(api.client(), "/runs/a/events")
        for target in ["/events", "/runs/a/events"] {
            let reply = try api.send("GET", target)
            #expect(reply.status == 503 && reply.slug == "busy", "\(reply.text)")
            #expect(reply.headers["retry-after"] != nil)
            #expect(
                reply.problem["detail"]?.string?.contains("2 readers, which is the limit (--max-event-readers)") == true
            )
            #expect(try api.send("HEAD", target).status == 200, "nothing is read by it")
        }
        _ = first
        first = nil
        // That a reader has gone is seen once there is something to tell it.
        let isLetIn = eventually {
            _ = try? api.send("POST", "/runs/a/metadata/metrics", #"{"loss": 1}"#)
            return (try? EventStream(api.client(), "/events")) != nil
        }
        #expect(isLetIn)
        withExtendedLifetime(second) {}
    }

    /// Fails when events pile up for a client that does not read, or it holds up the others.
    @Test func readerThatDoesNotReadIsCutOffAndOthersGoOn() throws {
        let api = try fixture(backlog: 64 << 10)
        try api.send("PUT", "/runs/a")
        let stalled = try api.client()
        try stalled.write(HTTPClient.request("GET", "/runs/a/events"))
        #expect(try stalled.read(hasBody: false).status == 200)
        #expect(eventually { api.api.hub.statistics.readers == 1 })
        // More than the system's buffers of a connection take.
        let writer = try api.client()
        let row = "{" + (0..<20).map { "\"metric\($0)\":0.123456789" }.joined(separator: ",") + "}\n"
        let rows = String(repeating: row, count: 200)
        let isCutOff = eventually(within: 60) {
            _ = try? writer.send("POST", "/runs/a/metadata/metrics", type: "application/x-ndjson", text: rows)
            return api.api.hub.statistics.dropped == 1
        }
        #expect(isCutOff)
        #expect(api.api.hub.statistics.readers == 0)
        let reader = try EventStream(api.client(), "/runs/a/events")
        _ = try writer.send("POST", "/runs/a/metadata/flags", text: #"{"lr": 1}"#)
        #expect(try reader.events(upTo: "flags", of: "a").last?.type == "flags")
        // What the client had not taken is not waited for.
        #expect(throws: (any Error).self) { while try stalled.readChunk() != nil {} }
    }
}
