import Foundation
package import JSON

/// A client that reads server-sent events, one after the other.
package final class EventStream {
    package struct Event: CustomStringConvertible {
        package var id = ""
        package var type = ""
        package var data: JSONValue = .null

        package var run: String { data["run"]?.string ?? "" }
        /// The rows of metrics, without the time of their arrival.
        package var rows: [String]? {
            data["rows"]?.array?.map { row in
                var row = row.object ?? JSONObject()
                row["_time"] = nil
                return String(decoding: JSONWriter.compact(.object(row)), as: UTF8.self)
            }
        }
        package var description: String {
            "\(type) \(String(decoding: JSONWriter.compact(data), as: UTF8.self))"
        }
    }

    /// The reply is no stream of events, or ended before the one that was waited for.
    package struct Failure: Error {
        let reason: String
    }

    private let client: HTTPClient
    private var text = ""
    /// The id that the last event had that has one.
    package private(set) var lastID = ""

    /// Sends the request, and reads up to where the stream begins.
    /// - Parameter lastID: what `Last-Event-ID` says
    package init(_ client: HTTPClient, _ target: String, lastID: String? = nil) throws {
        self.client = client
        try client.write(HTTPClient.request("GET", target, headers: lastID.map { [("Last-Event-ID", $0)] } ?? []))
        let reply = try client.read(hasBody: false)
        guard reply.status == 200, reply.headers["content-type"] == "text/event-stream" else {
            throw Failure(reason: "\(target): \(reply.status), \(reply.headers["content-type"] ?? "no type")")
        }
        // What it begins with has an id and no event.
        _ = try next()
    }

    /// The next event, comments passed over; nil at the end of the stream.
    package func next() throws -> Event? {
        while true {
            if let end = text.range(of: "\n\n") {
                let lines = text[..<end.lowerBound].split(separator: "\n")
                text = String(text[end.upperBound...])
                if lines.allSatisfy({ $0.hasPrefix(":") }) { continue }
                let event = try Self.event(lines)
                if !event.id.isEmpty { lastID = event.id }
                return event
            }
            guard let chunk = try client.readChunk() else { return nil }
            text += String(decoding: chunk, as: UTF8.self)
        }
    }

    private static func event(_ lines: [Substring]) throws -> Event {
        var event = Event()
        for line in lines {
            let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
            switch parts.first {
            case "id": event.id = parts[1]
            case "event": event.type = parts[1]
            case "data": event.data = try JSONValue.parse(parts[1])
            default: continue
            }
        }
        return event
    }

    /// The events up to one of a type and run.
    package func events(upTo type: String, of run: String) throws -> [Event] {
        var events: [Event] = []
        while events.last?.type != type || events.last?.run != run {
            guard let event = try next() else { throw Failure(reason: "ended before \(type) of \(run): \(events)") }
            events.append(event)
        }
        return events
    }
}
