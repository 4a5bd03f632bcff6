package import JSON
package import Limits

extension MetricsFrame {
    /// Reads rows, one JSON object per line, as in `metrics.ndjson`. A last line without a newline is still being
    /// written and is left out.
    /// - Parameters:
    ///   - start: the state before the text, if it is a part of a run's rows
    ///   - ignoresKeys: whether each line is a row of its own, in file order
    ///   - limit: the most values
    package init(
        rows text: UnsafeRawBufferPointer, start: MetricsRowOrder.Start = MetricsRowOrder.Start(),
        ignoresKeys: Bool = false, limit: Limit = Self.limit, parser: JSONParser = JSONParser()
    ) {
        let reading = MetricsFrameReading(MetricsFrame(text: text, order: MetricsRowOrder(start), limit: limit), text)
        reading.read(parser, ignoresKeys: ignoresKeys)
        self = reading.frame
    }

    /// Reads rows until `goesOn` returns false. It is called after each row with the frame so far and the number of its
    /// values, not counting Rundir's own columns.
    init(rows text: UnsafeRawBufferPointer, goesOn: (MetricsFrame, Int) -> Bool) {
        let reading = MetricsFrameReading(MetricsFrame(text: text), text)
        withoutActuallyEscaping(goesOn) { reading.read(JSONParser(), goesOn: $0) }
        self = reading.frame
    }

    /// Reads a frame by column, as in `metrics.json`: `{"loss": [0.42, null], …}`, with the rows in file order. Frames
    /// of other programs are read too: columns of text are kept, a single value (jsonlite unboxes a frame of one row)
    /// is a column with one value, and a column that is too short gets missing values at its end.
    /// - Parameter object: the index of the object's begin
    /// - Returns: nil if there is no column at all
    package init?(columnsAt object: Int, of tokens: JSONTokens, in text: UnsafeRawBufferPointer) {
        self.init(text: text)
        guard tokens.kind(at: object) == .objectBegin else { return nil }
        var rows = 0
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let column = column(named: tokens.text(at: token), guess: columns.count)
            if tokens.kind(at: token + 1) == .arrayBegin {
                var value = token + 2
                var row = 0
                while tokens.kind(at: value) != .arrayEnd {
                    set(Cell(token: value, of: tokens, in: text), row: row, column: column)
                    value = tokens.next(after: value)
                    row += 1
                }
                isRagged = isRagged || (!columns.isEmpty && column > 0 && row != rows)
                rows = max(rows, row)
            } else if tokens.kind(at: token + 1) != .objectBegin {
                set(Cell(token: token + 1, of: tokens, in: text), row: 0, column: column)
                rows = max(rows, 1)
            }
            token = tokens.next(after: token + 1)
        }
        if columns.isEmpty { return nil }
        for _ in 0..<rows { _ = row(for: .none) }
    }

    /// Lends the frame that a text holds by column.
    /// - Returns: nil if it does not hold one
    package static func withColumns<Result>(
        of text: UnsafeRawBufferPointer, _ body: (MetricsFrame) -> Result
    ) -> Result? {
        let parser = JSONParser()
        return withExtendedLifetime(parser) {
            guard let tokens = try? parser.parse(text, nonFinite: .allowed) else { return nil }
            return MetricsFrame(columnsAt: 0, of: tokens, in: text).map(body)
        }
    }
}

/// Reads rows into a frame.
private final class MetricsFrameReading: MetricsRowColumns {
    private(set) var frame: MetricsFrame
    private let text: UnsafeRawBufferPointer
    /// The cells of the row that is being read.
    private var row: [(column: Int, cell: MetricsFrame.Cell)] = []

    init(_ frame: MetricsFrame, _ text: UnsafeRawBufferPointer) { (self.frame, self.text) = (frame, text) }

    func read(_ parser: JSONParser, ignoresKeys: Bool) {
        _ = MetricsLine.readAll(text, parser, into: self) { key, _ in
            let position = frame.row(for: ignoresKeys ? .none : key)
            for (column, cell) in row { frame.set(cell, row: position, column: column) }
            return !frame.isCut
        }
    }

    func read(_ parser: JSONParser, goesOn: (MetricsFrame, Int) -> Bool) {
        var count = 0
        _ = MetricsLine.readAll(text, parser, into: self) { key, _ in
            let position = frame.row(for: key)
            for (column, cell) in row where !cell.isMissing {
                if !frame.columns[column].role.isHidden, frame.cell(row: position, column: column).isMissing {
                    count += 1
                }
                frame.set(cell, row: position, column: column)
            }
            return !frame.isCut && goesOn(frame, count)
        }
    }

    var columnCount: Int { frame.columns.count }

    @inline(__always)
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        MetricsLine.match(frame.columns[column].member, at: place, newline)
    }

    @inline(__always)
    func role(of column: Int) -> MetricsColumnRole { frame.columns[column].role }

    func column(named name: UnsafeRawBufferPointer) -> Int { frame.column(named: name, guess: frame.columns.count) }

    func forgetRow(columns count: Int) {
        row.removeAll(keepingCapacity: true)
        if frame.columns.count > count { frame.forgetColumns(beyond: count) }
    }

    @inline(__always)
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        // A number that is too long for a cell counts as missing.
        if let cell = MetricsFrame.Cell(offset: offset(start), length: end - start) { row.append((column, cell)) }
    }

    @inline(__always)
    func add(_ value: Double, to column: Int) { row.append((column, MetricsFrame.Cell(value))) }

    func add(other start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        if let cell = MetricsFrame.Cell(other: offset(start), length: end - start) { row.append((column, cell)) }
    }

    private func offset(_ place: UnsafePointer<UInt8>) -> Int { UnsafeRawPointer(place) - text.baseAddress! }
}
