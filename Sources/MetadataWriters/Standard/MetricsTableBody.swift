internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// Rows of metrics that were sent together: either rows to merge, or a whole frame.
struct MetricsTableBody {
    enum Kind {
        /// A data frame: an array of objects, or CSV.
        case frame
        /// One row per line: NDJSON.
        case lines
    }

    private let rows: MetricsRows
    private let kind: Kind

    init(_ rows: MetricsRows, kind: Kind) { (self.rows, self.kind) = (rows, kind) }

    /// The change that stores the rows.
    /// - Parameter replaces: whether they replace all stored rows in every case
    /// - Throws: if no row has a metric
    func change(_ replaces: Bool) throws(MetadataFault) -> DataChange {
        let bytes = rows.bytes
        let limit = Self.limit(of: bytes)
        let (filled, found) = bytes.withUnsafeBytes { text -> ([UInt8], Found) in
            let sent = MetricsFrame(rows: text, ignoresKeys: true, limit: limit)
            return (Self.filled(text, sent.filledRowCount), Self.look(at: text, sent, kind, limit))
        }
        if found.isCut {
            throw .shape(
                JSONPointer(),
                "metrics: as a frame, in which each row has a place for each metric, the rows are \(LimitExceeded(limit)); "
                    + "send fewer in one request")
        }
        if !found.hasColumns {
            throw .shape(
                JSONPointer().appending(0),
                "metrics row 1: no row has a metric; send at least one, such as {\"loss\": 0.42}")
        }
        // A frame has no times. In lines with times, a key that is sent again comes from a repeated step or epoch.
        if rows.haveTimes {
            if replaces || (kind == .frame && found.keys == .conflicting) { throw .timesOfFrame }
            return .rows(kind == .lines && found.keys == .none ? rows : measured(filled, found))
        }
        if replaces {
            return .frame(MetricsReplacement(text: text(isByKey: found.keys == .different), rowCount: rows.count))
        }
        // In lines, a last row of missing values is a measured row, not one that is yet to come.
        let endsInEmptyRows =
            rows.count > max(1, found.filledRows) && (kind == .frame || bytes.suffix(3).elementsEqual("{}\n".utf8))
        switch found.keys {
        case .none where endsInEmptyRows:
            return .frame(MetricsReplacement(text: text(), rowCount: rows.count, .unlessShorter))
        case .none where kind == .frame && rows.count > 1:
            return .frame(MetricsReplacement(text: text(), rowCount: rows.count, .continuing(otherwise: rows)))
        case .none: return .rows(rows)
        case .different: return .rows(measured(filled, found))
        case .conflicting:
            return .frame(MetricsReplacement(text: text(), rowCount: rows.count, .continuing(otherwise: nil)))
        }
    }

    /// The most values of the frame that rows make, including missing ones. A short text with many metrics, each in few
    /// rows, makes a large frame. (In a text, each value has a name, two quotes and a colon.)
    private static func limit(of bytes: [UInt8]) -> Limit { Limit(.values, most: max(1 << 21, bytes.count / 4)) }

    /// The rows without the empty ones at the end. `filled` is their text.
    private func measured(_ filled: [UInt8], _ found: Found) -> MetricsRows {
        filled.count == rows.bytes.count ? rows : MetricsRows(checked: filled, count: found.filledRows)
    }

    /// The whole frame: the rows as they were sent, or merged by key.
    private func text(isByKey: Bool = false) -> [UInt8] {
        rows.bytes.withUnsafeBytes { MetricsFrame(rows: $0, ignoresKeys: !isByKey).text }
    }

    /// The lines up to the last row that has a value.
    private static func filled(_ text: UnsafeRawBufferPointer, _ count: Int) -> [UInt8] {
        var end = 0
        for _ in 0..<count {
            guard let newline = text[end...].firstIndex(of: UInt8(ascii: "\n")) else { break }
            end = newline + 1
        }
        return Array(text[..<end])
    }

    // MARK: Keys

    private struct Found {
        enum Keys {
            /// No row has a key.
            case none
            /// Rows with the same key agree in all their values.
            case different
            /// Some rows with the same key have different values of a metric.
            case conflicting
        }

        let filledRows: Int
        let keys: Keys
        let hasColumns: Bool
        /// Whether there are more values than a frame may have.
        let isCut: Bool
    }

    private static func look(
        at text: UnsafeRawBufferPointer, _ sent: MetricsFrame, _ kind: Kind, _ limit: Limit
    ) -> Found {
        if sent.isCut { return Found(filledRows: 0, keys: .none, hasColumns: false, isCut: true) }
        let (filled, hasColumns) = (sent.filledRowCount, !sent.shownColumns.isEmpty)
        let merged = MetricsFrame(rows: text, limit: limit)
        if merged.order.axis == .none {
            return Found(filledRows: filled, keys: .none, hasColumns: hasColumns, isCut: false)
        }
        // In lines, steps identify rows: a step that is sent again was repeated.
        if !merged.order.hasMerged || (kind == .lines && merged.order.axis == .step) {
            return Found(filledRows: filled, keys: .different, hasColumns: hasColumns, isCut: false)
        }
        let isConflicting = merged.differs(from: sent)
        return Found(
            filledRows: filled, keys: isConflicting ? .conflicting : .different, hasColumns: hasColumns,
            isCut: false)
    }
}

extension MetadataFault {
    /// The fault of a whole frame with a column `_time`: `metrics.json` has no times.
    static var timesOfFrame: MetadataFault {
        .shape(
            JSONPointer().appending(MetricsColumnRole.timeName),
            "metrics: a whole frame has no times; send rows, each with a step or an epoch of its own, or leave "
                + "\"\(MetricsColumnRole.timeName)\" out")
    }
}
