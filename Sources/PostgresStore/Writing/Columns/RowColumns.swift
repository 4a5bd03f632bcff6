internal import JSON
internal import RunMetadata

/// The names of the columns of a run's rows, as a batch knows them.
///
/// The database stores them in the order in which they came, and only adds to them while the content exists. So the
/// names that a server remembers are always the first ones.
struct RowColumns: Sendable {
    /// The names as they are written in rows, in quotes and with a colon.
    private var names: Set<[UInt8]> = []
    /// How many of them a frame shows as columns.
    private(set) var count = 0
    /// Those that the database does not have yet, in order.
    private(set) var added: [[UInt8]] = []
    /// The shapes of rows that have no other names.
    private var shapes: Set<MetricsShape> = []
    /// Whether these are all names: another server may have added some since they were read.
    private(set) var isComplete = true
    /// Whether there are names that the server does not remember yet.
    private(set) var isNews = false

    /// How many shapes are remembered.
    private static let mostShapes = 64

    /// For no rows.
    init() {}

    /// For rows that are not in the database.
    init(ofRows rows: [UInt8], _ parser: JSONParser) { add(Self.names(of: rows, parser)) }

    /// All names, shown or not.
    var nameCount: Int { names.count }
    /// How many names the database has.
    var storedCount: Int { names.count - added.count }

    static func names(of rows: [UInt8], _ parser: JSONParser) -> [[UInt8]] {
        let columns = MetricsColumnNames()
        columns.read(rows, parser)
        return columns.members
    }

    // MARK: Rows

    /// Whether rows of a shape are known to have no other names; false if the rows have to be checked.
    func cover(_ shape: MetricsShape?) -> Bool { shape.map { shapes.contains($0) } ?? false }

    func contain(_ members: [[UInt8]]) -> Bool { members.allSatisfy { names.contains($0) } }

    /// Remembers the shape of rows that have no other names.
    mutating func remember(_ shape: MetricsShape?) {
        guard let shape else { return }
        if shapes.count >= Self.mostShapes { shapes.removeAll() }
        shapes.insert(shape)
        isNews = true
    }

    /// Adds names that are new.
    mutating func add(_ members: [[UInt8]]) {
        for member in members where insert(member) { added.append(member) }
    }

    /// Adds the names of other rows, which are appended after these.
    mutating func add(_ other: RowColumns) { add(Array(other.names)) }

    private mutating func insert(_ member: [UInt8]) -> Bool {
        guard names.insert(member).inserted else { return false }
        // Without the quotes and the colon.
        if !member.dropFirst().dropLast(2).withUnsafeBytes({ MetricsColumnRole($0).isHidden }) { count += 1 }
        isNews = true
        return true
    }

    // MARK: The database

    /// The new names, as a row of metrics without values.
    var addedRow: [UInt8] {
        var row = Array("{".utf8)
        for member in added {
            if row.count > 1 { row.append(UInt8(ascii: ",")) }
            row += member
            row += Array("null".utf8)
        }
        return row + Array("}\n".utf8)
    }

    /// Adds names from the database, which are all that it has.
    mutating func complete(_ rows: [UInt8], _ parser: JSONParser) {
        for member in Self.names(of: rows, parser) { _ = insert(member) }
        (isComplete, isNews) = (true, true)
    }

    /// The columns to remember once the database has them; nil if the server already remembers them.
    var remembered: RowColumns? {
        guard isNews else { return nil }
        var columns = self
        columns.added = []
        (columns.isComplete, columns.isNews) = (false, false)
        return columns
    }
}
