import Foundation
import JSON
import TestSupport
import Testing

/// A client that reads server-sent events, one after the other.
final class EventStream {
    struct Event: CustomStringConvertible {
        var type = ""
        var data: JSONValue = .null

        var run: String { data["run"]?.string ?? "" }
        var description: String { "\(type) \(String(decoding: JSONWriter.compact(data), as: UTF8.self))" }
    }

    private let client: HTTPClient
    private var text = ""

    init(_ server: Server, _ target: String, timeout: Int = 20) throws {
        client = try server.connect(timeout: timeout)
        try client.write(HTTPClient.request("GET", target))
        let reply = try client.read(hasBody: false)
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "text/event-stream")
        // What it begins with has an id and no event.
        _ = try next()
    }

    /// The next event, comments passed over; nil at the end of the stream.
    func next() throws -> Event? {
        while true {
            if let end = text.range(of: "\n\n") {
                let lines = text[..<end.lowerBound].split(separator: "\n")
                text = String(text[end.upperBound...])
                if lines.allSatisfy({ $0.hasPrefix(":") }) { continue }
                var event = Event()
                for line in lines {
                    let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
                    switch parts.first {
                    case "event": event.type = parts[1]
                    case "data": event.data = (try? JSONValue.parse(parts[1])) ?? .null
                    default: continue
                    }
                }
                return event
            }
            guard let chunk = try client.readChunk() else { return nil }
            text += String(decoding: chunk, as: UTF8.self)
        }
    }

    /// The events up to one of a type and run.
    func events(upTo type: String, of run: String) throws -> [Event] {
        var events: [Event] = []
        while events.last?.type != type || events.last?.run != run { events.append(try #require(try next())) }
        return events
    }
}
