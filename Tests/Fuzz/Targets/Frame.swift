import JSON
import RunMetadata

/// `metrics.json` and `metrics.ndjson` of others: a NUL divides the one from the other.
func fuzzFrame(_ input: [UInt8]) {
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let (frame, rows) = (Array(parts[0]), Array(parts.count > 1 ? parts[1] : []))
    frame.withUnsafeBytes { frame in
        rows.withUnsafeBytes { rows in _ = MetricsLikeness(ofFrame: frame, toRows: rows) }
    }
    let read = rows.withUnsafeBytes { MetricsFrame(rows: $0) }
    var written: [UInt8] = []
    read.write { written += $0 }
    precondition(
        read.rowCount == 0 || (try? JSONValue.parse(written, nonFinite: .allowed)) != nil, "the view is no JSON")
    let table = MetricsTable()
    let used = rows.withUnsafeBytes { table.append($0) }
    precondition((0...rows.count).contains(used), "more than there is was read")
}
