import JSON
import RunMetadata
import RunStore
import RunStoreClaims
import Testing

@testable import DirectoryStore

/// A run of three rows whose `metrics.json` something else writes, and what the ways to read its metrics say then.
struct RewrittenFrame {
    let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        for epoch in 1...3 { try harness.store.rows(.one, "{\"epoch\":\(epoch),\"loss\":0.\(epoch)}") }
    }

    /// What something else writes.
    let new = #"{"epoch":[1,2],"loss":[9,8.5]}"#

    /// As R does it: emptied, and written in place.
    func rewrite(_ text: String, of run: RunID = .one) {
        Tree.write(Array(text.utf8), harness.path(.metricsFrame, of: run))
    }

    private func rowsText(of run: RunID = .one) throws -> String? {
        try harness.directoryStore.metricsRows(of: run).map {
            String(decoding: try $0.read(0..<$0.size), as: UTF8.self)
        }
    }

    /// What each of the ways to read a run's metrics says of the last loss.
    private func losses(of run: RunID = .one) throws -> [String: String?] {
        let frame = try JSONValue.parse(try #require(try harness.store.frame(of: run)))
        let rows = try MetricsTableText.losses(try #require(try rowsText(of: run)))
        let listed = try harness.store.runs(RunQuery()).runs.first { $0.run == run }?.columns["metric_loss"]?.number?
            .text
        return [
            "frame": frame["loss"]?.array?.compactMap { $0.number?.text }.last, "rows": rows.last, "listing": listed,
            "snapshot": try harness.store.snapshot(of: run)?.summary.columns["metric_loss"]?.number?.text,
        ]
    }

    private enum MetricsTableText {
        static func losses(_ rows: String) throws -> [String] {
            let values = try rows.split(separator: "\n").map { try JSONValue.parse(String($0)) }
            return values.compactMap { $0["loss"]?.number?.text }
        }
    }

    func expect(_ loss: String, of run: RunID = .one, _ location: SourceLocation = #_sourceLocation) throws {
        for (way, found) in try losses(of: run) {
            #expect(found == loss, "\(way)", sourceLocation: location)
        }
    }
}
