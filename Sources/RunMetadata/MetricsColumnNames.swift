package import JSON

/// The names of a run's columns, found by reading its rows. Columns that frames do not show, such as the time of
/// arrival, are not counted.
package final class MetricsColumnNames {
    private var columns: [(member: [UInt8], role: MetricsColumnRole)] = []
    /// By the name as it is written in rows.
    private var places: [[UInt8]: Int] = [:]
    private var hidden = 0

    /// Begins with the columns of a tail.
    package init(of tail: MetricsTail = MetricsTail()) {
        for column in tail.columns { append(column.member, column.role) }
    }

    /// The number of columns that a frame shows.
    package var count: Int { columns.count - hidden }

    /// Reads rows, as whole lines.
    package func read(_ rows: [UInt8], _ parser: JSONParser) {
        rows.withUnsafeBytes { read($0, parser) }
    }

    package func read(_ rows: UnsafeRawBufferPointer, _ parser: JSONParser) {
        _ = MetricsLine.readAll(rows, parser, into: self) { _, _ in true }
    }

    /// Forgets the names that were read last.
    /// - Parameter count: the number of columns to keep, including those that are not shown
    package func forget(beyond count: Int) {
        for column in columns[count...] {
            places[column.member] = nil
            if column.role.isHidden { hidden -= 1 }
        }
        columns.removeSubrange(count...)
    }

    /// The number of all columns, shown or not.
    package var columnCount: Int { columns.count }

    /// Their names as they are written in rows, in quotes and with a colon, in the order in which they arrived.
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
