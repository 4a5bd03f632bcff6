internal import JSON
internal import RunMetadata

/// Runs of successive rows for a database that is being built: everything that can be prepared without the database.
struct IndexBatch {
    /// A run, and its stored form.
    struct Run {
        let row: Int
        let entry: IndexEntry
        let columns: [UInt8]
        let extremes: [UInt8]
        let rows: [UInt8]?

        init(_ row: Int, _ entry: IndexEntry) {
            (self.row, self.entry) = (row, entry)
            columns = JSONWriter.compact(.object(entry.summary.columns))
            extremes = JSONWriter.compact(.object(entry.summary.extremes))
            rows = entry.rows?.bytes
        }
    }

    /// The index of the rows' chunk.
    let chunk: Int
    private(set) var runs: [Run] = []
    private var columns: [ExactText: RunColumn] = [:]

    init(chunk: Int) { self.chunk = chunk }

    /// The rows of a chunk.
    static func rows(of chunk: Int) -> Range<Int> { chunk * RunColumn.chunkRows..<(chunk + 1) * RunColumn.chunkRows }

    mutating func add(_ row: Int, _ entry: IndexEntry) {
        runs.append(Run(row, entry))
        for member in entry.summary.all {
            columns[ExactText(member.name), default: RunColumn(rows: RunColumn.chunkRows)][row % RunColumn.chunkRows] =
                IndexDatabase.cell(member.value)
        }
    }

    /// The chunk of each column.
    func cells() -> [(column: String, cells: [UInt8])] {
        columns.map { ($0.text, $1.chunk(0..<RunColumn.chunkRows)) }
    }
}
