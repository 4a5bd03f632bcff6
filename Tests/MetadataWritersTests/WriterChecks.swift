import JSON
import MetadataWriters
import RunMetadata
import RunStore
import Testing

/// What a writer makes of a body, one line of text a change: `put flags.json {…}`.
func changes(_ writer: any MetadataWriter, _ body: MetadataBody) throws -> [String] {
    try writer.changes(from: body, for: WriteRequest()).map(describe)
}

/// The same of a body of JSON.
func changes(_ writer: any MetadataWriter, json: String) throws -> [String] {
    try changes(writer, .json(Array(json.utf8)))
}

func describe(_ change: DataChange) -> String {
    switch change {
    case .put(let path, let bytes): "put \(path) \(String(decoding: bytes, as: UTF8.self))"
    case .remove(let path): "remove \(path)"
    case .rows(let rows): "rows \(rows.count) \(untimed(rows.bytes))"
    case .frame(let frame): "frame \(condition(frame.condition))\(String(decoding: frame.text, as: UTF8.self))"
    case .publish(_, let path, _): "publish \(path)"
    case .artifact(_, let path, _): "artifact \(path)"
    case .removeArtifact(let path, _): "remove artifact \(path)"
    case .publishFolder(_, let path, _): "publish folder \(path)"
    case .append(let path, let head, let bytes): "append \(path) \(String(decoding: head + bytes, as: UTF8.self))"
    case .script(let script, _): "script \(script)"
    case .end(let completed): "end \(completed)"
    }
}

/// Rows without the time of their arrival.
func untimed(_ rows: [UInt8]) -> String {
    String(decoding: rows, as: UTF8.self).replacing(/,"_time":[0-9]+\.[0-9]{3}/, with: "")
}

private func condition(_ condition: MetricsReplacement.Condition) -> String {
    switch condition {
    case .always: "always "
    case .unlessShorter: ""
    case .continuing(let rows): rows.map { "or \($0.count) rows " } ?? "or none "
    }
}

/// A body that a writer refuses, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    let body: String
    /// `syntax 5`, `shape /a`, `shape` (the whole body: `shape /`), `name`, `forbidden`, `exceeded`, `contentType`.
    let kind: String
    /// What the detail has to say.
    let detail: String

    init(_ body: String, _ kind: String, _ detail: String) {
        (self.body, self.kind, self.detail) = (body, kind, detail)
    }

    var testDescription: String { body }

    /// Checks that the writer refuses the body in this way.
    func check(
        _ writer: any MetadataWriter, form: ([UInt8]) -> MetadataBody = { .json($0) },
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let fault = #expect(throws: MetadataFault.self, sourceLocation: sourceLocation) {
            _ = try writer.changes(from: form(Array(body.utf8)), for: WriteRequest())
        }
        guard let fault else { return }
        #expect(Self.kind(fault) == kind, "\(fault.detail)", sourceLocation: sourceLocation)
        #expect(fault.detail.contains(detail), "\(fault.detail)", sourceLocation: sourceLocation)
    }

    static func kind(_ fault: MetadataFault) -> String {
        switch fault.kind {
        case .syntax(let offset): "syntax \(offset.map(String.init) ?? "nowhere")"
        case .shape(let pointer): pointer.map { $0.description.isEmpty ? "shape /" : "shape \($0)" } ?? "shape"
        case .exceeded: "exceeded"
        case .forbidden: "forbidden"
        case .contentType: "contentType"
        case .name: "name"
        }
    }
}
