internal import JSON
internal import RunMetadata
internal import RunStore

/// Server-sent events as text (WHATWG HTML, section 9.2).
enum EventText {
    /// Sent when there is nothing else, so that a dead connection is noticed.
    static let heartbeat = Array(":\n\n".utf8)

    /// The beginning of a stream: the delay before a reconnect, and the position.
    static func opening(id: ChangeID) -> [UInt8] { Array("retry: 2000\nid: \(id)\n\n".utf8) }

    static func event(_ type: String, id: ChangeID, data: [UInt8]) -> [UInt8] {
        Array("id: \(id)\nevent: \(type)\ndata: ".utf8) + data + [UInt8(ascii: "\n"), UInt8(ascii: "\n")]
    }

    /// Tells a reader that the events that it missed are no longer kept.
    static func reset(id: ChangeID) -> [UInt8] {
        let data: JSONValue = ["detail": "what came meanwhile is no longer kept; read anew, and go on from here"]
        return event("reset", id: id, data: JSONWriter.compact(data))
    }

    /// Rows, as they were sent.
    static func rows(_ rows: [[UInt8]], of run: RunID, id: ChangeID) -> [UInt8] {
        var text = Array("id: \(id)\nevent: metrics\ndata: {\"run\":\"\(run)\",\"rows\":[".utf8)
        text.reserveCapacity(text.count + rows.reduce(4) { $0 + $1.count })
        for lines in rows {
            for byte in lines { text.append(byte == UInt8(ascii: "\n") ? UInt8(ascii: ",") : byte) }
        }
        // Instead of the last line's end.
        text[text.count - 1] = UInt8(ascii: "]")
        text.append(contentsOf: "}\n\n".utf8)
        return text
    }

    /// Rows that arrived faster than they can be passed on.
    static func skipped(_ count: Int, of run: RunID, id: ChangeID) -> [UInt8] {
        let data: JSONValue = [
            "run": .string(run.description), "rows": .number(JSONNumber(count)),
            "href": .string("/runs/\(run)/metrics"),
        ]
        return event("skipped", id: id, data: JSONWriter.compact(data))
    }

    /// Any change but rows.
    static func change(_ kind: RunChange.Kind, of run: RunID, id: ChangeID) -> [UInt8] {
        var data: JSONObject = ["run": .string(run.description)]
        let type: String
        var href: String? = "/runs/\(run)"
        switch kind {
        case .rows(let lines): return rows([lines], of: run, id: id)
        case .output(let output):
            type = "output"
            data["offset"] = .number(JSONNumber(output.offset))
            data["length"] = .number(JSONNumber(output.count))
            // Bytes that are not text, such as half a character, have to be read by the link.
            data["text"] = output.bytes.flatMap { String(validating: $0, as: UTF8.self) }.map { .string($0) }
            href = "/runs/\(run)/output?after=\(output.offset)"
        case .metricsReplaced:
            type = "metrics"
            data["replaced"] = .bool(true)
            href = "/runs/\(run)/metrics"
        case .properties(let names):
            type = "properties"
            data["names"] = .array(names.map { .string($0) })
            href = "/runs/\(run)/metadata/properties"
        case .file(let path):
            if let known = self.type(of: path) {
                type = known
                href = "/runs/\(run)/metadata/\(known)"
            } else {
                type = "metadata"
                data["path"] = .string(path.description)
                href = "/runs/\(run)/metadata"
            }
        case .artifact(let path):
            type = "artifact"
            data["path"] = .string(path.description)
            href = "/runs/\(run)/files"
        case .initialised: type = "initialised"
        case .completed: type = "completed"
        case .stopped: type = "stopped"
        case .failed: type = "failed"
        case .archived: type = "archived"
        case .restored: type = "restored"
        case .removed:
            type = "removed"
            href = nil
        }
        data["href"] = href.map { .string($0) }
        return event(type, id: id, data: JSONWriter.compact(.object(data)))
    }

    private static func type(of path: DataPath) -> String? {
        switch path {
        case .flags: "flags"
        case .evaluation: "evaluation"
        case .error: "error"
        case .source: "source"
        default: nil
        }
    }
}
