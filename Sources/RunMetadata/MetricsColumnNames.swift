package import JSON

/// The names of a run's columns, found by reading its rows. What frames do not show, such as the time of arrival, does
/// not count.
package final class MetricsColumnNames {
    private var columns: [(member: [UInt8], role: MetricsColumnRole)] = []
    /// By the name as rows have it.
    private var places: [[UInt8]: Int] = [:]
    private var hidden = 0

    /// Those that a tail knows.
    package init(of tail: MetricsTail = MetricsTail()) {
        for column in tail.columns { append(column.member, column.role) }
    }

    /// How many columns a frame shows.
    package var count: Int { columns.count - hidden }

    /// Reads rows, whole lines.
    package func read(_ rows: [UInt8], _ parser: JSONParser) {
        rows.withUnsafeBytes { read($0, parser) }
    }

    package func read(_ rows: UnsafeRawBufferPointer, _ parser: JSONParser) {
        _ = MetricsLine.readAll(rows, parser, into: self) { _, _ in true }
    }

    /// Forgets the names that were read last.
    /// - Parameter count: the columns to keep, those that are not shown among them
    package func forget(beyond count: Int) {
        for column in columns[count...] {
            places[column.member] = nil
            if column.role.isHidden { hidden -= 1 }
        }
        columns.removeSubrange(count...)
    }

    /// All columns, shown or not.
    package var columnCount: Int { columns.count }

    /// Their names as rows have them, in quotes and with a colon, in the order in which they came.
    package var members: [[UInt8]] { columns.map(\.member) }

    private func append(_ member: [UInt8], _ role: MetricsColumnRole) {
        places[member] = columns.count
        columns.append((member, role))
        if role.isHidden { hidden += 1 }
    }
}

extension MetricsColumnNames: MetricsRowColumns {
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        MetricsLine.match(columns[column].member, at: place, newline)
    }

    func role(of column: Int) -> MetricsColumnRole { columns[column].role }

    func column(named name: UnsafeRawBufferPointer) -> Int {
        let member = MetricsColumnStorage.member(of: name)
        if let place = places[member] { return place }
        append(member, MetricsColumnRole(name))
        return columns.count - 1
    }

    func forgetRow(columns count: Int) {
        if columns.count > count { forget(beyond: count) }
    }

    func add(_: UnsafePointer<UInt8>, _: UnsafePointer<UInt8>, to _: Int) {}
    func add(_: Double, to _: Int) {}
    func add(other _: UnsafePointer<UInt8>, _: UnsafePointer<UInt8>, to _: Int) {}
}
