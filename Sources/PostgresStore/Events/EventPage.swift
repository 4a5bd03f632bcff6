internal import RunMetadata
internal import RunStore

/// Some events in the order of their numbers, with the rows and the output that they refer to.
struct EventPage {
    /// Events of a page.
    static let limit = 5000

    let after: UInt64
    /// The number of the last event to return; nil: no limit.
    let upTo: UInt64?
    /// Only events of this run; nil: of all.
    let run: RunID?

    init(after: UInt64, upTo: UInt64?, of run: RunID?) { (self.after, self.upTo, self.run) = (after, upTo, run) }

    private static func sql(_ condition: String) -> String {
        """
        SELECT e.number, e.run, e.kind, e.detail, e.position, e.size, p.start, p.bytes
        FROM (SELECT * FROM events WHERE number > $1 AND number <= $2\(condition) ORDER BY number LIMIT \(limit)) e
        LEFT JOIN LATERAL (\(PieceRange.sql(run: "e.run", content: "e.content", from: "e.position", size: "e.size")))
            p ON e.kind <= 2
        ORDER BY e.number
        """
    }

    private static let ofAll = sql("")
    private static let ofRun = sql(" AND run = $3")

    func read(on connection: Connection, _ series: String) throws(DatabaseError) -> [ToldChange] {
        let range: [Parameter] = [.int(Int(after)), .int(upTo.map { Int($0) } ?? .max)]
        let rows = try connection.run(
            run.map { Statement(Self.ofRun, parameters: range + [.text($0.description)], isKept: true) }
                ?? Statement(Self.ofAll, parameters: range, isKept: true))
        return (0..<rows.count).compactMap { row in
            guard let run = RunID(rows.text(row, 1)), let kind = Event.Kind(rawValue: rows.int(row, 2)) else {
                return nil
            }
            let position = rows.int(row, 4)
            let bytes = PieceRange.cut(rows, row, start: 6, bytes: 7, from: position, size: rows.int(row, 5))
            let change = Self.change(kind, rows.text(row, 3), position, bytes)
            let id = ChangeID(series: series, number: UInt64(rows.int(row, 0)))
            return ToldChange(id: id, change: RunChange(run: run, kind: change))
        }
    }

    private static func change(_ kind: Event.Kind, _ detail: String, _ position: Int, _ bytes: [UInt8]?)
        -> RunChange.Kind
    {
        switch kind {
        // If the bytes are gone, they were replaced.
        case .rows: bytes.map { .rows($0) } ?? .metricsReplaced
        case .output: bytes.map { .output(AppendedOutput(offset: position, $0)) } ?? .properties(["output"])
        case .metricsReplaced: .metricsReplaced
        case .properties: .properties(detail.split(separator: "\n").map(String.init))
        case .file: DataPath(detail).map { .file($0) } ?? .properties([])
        case .artifact: ArtifactPath(detail).map { .artifact($0) } ?? .properties([])
        case .initialised: .initialised
        case .completed: .completed
        case .stopped: .stopped
        case .failed: .failed
        case .archived: .archived
        case .restored: .restored
        case .removed: .removed
        }
    }
}

/// A range of a content's bytes, read from its pieces.
enum PieceRange {
    /// Selects the start of the first piece, and the joined bytes of the pieces.
    static func sql(run: String, content: String, from: String, size: String) -> String {
        """
        SELECT min(position) AS start, string_agg(bytes, ''::bytea ORDER BY position) AS bytes FROM pieces
        WHERE run = \(run) AND content = \(content) AND position < \(from) + \(size) AND position >= (
            SELECT max(position) FROM pieces WHERE run = \(run) AND content = \(content) AND position <= \(from))
        """
    }

    /// The bytes of the range; nil if some are missing.
    static func cut(_ rows: Rows, _ row: Int, start: Int, bytes: Int, from: Int, size: Int) -> [UInt8]? {
        if size == 0 { return [] }
        if rows.isNull(row, bytes) { return nil }
        let first = rows.int(row, start)
        return rows.withBytes(row, bytes) { all in
            let offset = from - first
            return offset >= 0 && all.count >= offset + size ? Array(all[offset..<(offset + size)]) : nil
        }
    }
}
