import JSON
import MetadataWriters
import RunMetadata
import RunStore

/// The standard writers, each with each form of body, and their merge patches; the first two bytes choose.
func fuzzBody(_ input: [UInt8]) {
    guard input.count >= 2 else { return }
    let writers: [any MetadataWriter] = [
        MetricsWriter(clock: { 1_700_000_000 }), FlagsWriter(), EvaluationWriter(), PropertiesWriter(), ErrorWriter(),
        OutputWriter(),
    ]
    let writer = writers[Int(input[0]) % writers.count]
    let bytes = Array(input.dropFirst(2))
    if input[1] & 64 != 0, let writer = writer as? any PatchableWriter { return patch(bytes, writer) }
    let request = WriteRequest(query: input[1] & 128 == 0 ? [] : [("replace", "true")])
    guard let changes = try? writer.changes(from: bodyOfForm(input[1], bytes), for: request) else { return }
    for change in changes { check(change) }
}

/// A body whose form a number chooses.
func bodyOfForm(_ number: UInt8, _ bytes: [UInt8]) -> MetadataBody {
    switch number % 4 {
    case 0: .json(bytes)
    case 1: .ndjson(bytes)
    case 2: .csv(bytes)
    default: .text(bytes)
    }
}

/// What a patch makes of a document.
private func patch(_ bytes: [UInt8], _ writer: any PatchableWriter) {
    guard let (_, patch) = try? writer.patch(from: bytes) else { return }
    _ = try? patch.merged(into: ["lr": 1, "nested": ["a": [1, 2]]])
}

/// What is to be written can be read again.
private func check(_ change: DataChange) {
    switch change {
    case .put(let path, let text) where path.description.hasSuffix(".json"):
        precondition((try? JSONValue.parse(text, nonFinite: .allowed)) != nil, "\(path) is no JSON")
    case .rows(let rows):
        let frame = rows.bytes.withUnsafeBytes { MetricsFrame(rows: $0) }
        precondition(frame.rowCount <= rows.count, "more rows than were counted")
        precondition(rows.bytes.last == UInt8(ascii: "\n"), "the last row has no end")
    case .frame(let frame):
        precondition((try? JSONValue.parse(frame.text, nonFinite: .allowed)) != nil, "the frame is no JSON")
    default: break
    }
}
