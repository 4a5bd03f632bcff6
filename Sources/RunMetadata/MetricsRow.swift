package import JSON

/// One row of metrics with all its members, for code that looks at single rows: a metric's history, the rows behind a
/// frame. Code that makes columns of rows uses `MetricsLine`.
package struct MetricsRow {
    package let object: JSONObject

    package init(_ object: JSONObject) { self.object = object }

    /// Reads a line of `metrics.ndjson`, without its end. Nil if it is not a row.
    package init?(line: some Sequence<UInt8>) {
        guard let object = try? JSONValue.parse(Array(line), nonFinite: .allowed).object else { return nil }
        self.object = object
    }

    /// When it arrived, seconds since 1970; nil if it does not say.
    package var time: Double? { object[MetricsColumnRole.timeName]?.number?.double }

    /// The step; without one the epoch, or the row's number in its frame, rounded. Nil if it has none of them.
    package var step: Int? {
        for name in [MetricsColumnRole.stepName, MetricsColumnRole.epochName, MetricsColumnRole.frameName] {
            if let number = object[name]?.number, let whole = number.int ?? Int(exactly: number.double.rounded()) {
                return whole
            }
        }
        return nil
    }

    /// The value of a metric. Nil if the row has none.
    package subscript(name: String) -> JSONNumber? { object[name].flatMap(Self.number) }

    /// The number that a member stands for: NaN and infinities are written in quotes.
    package static func number(_ value: JSONValue) -> JSONNumber? {
        value.number ?? value.string.flatMap { JSONNumber($0) }
    }
}
