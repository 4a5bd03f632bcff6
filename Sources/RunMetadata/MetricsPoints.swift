/// The values that represent each column of a table.
package struct MetricsPoints: MetricsCells {
    private let table: MetricsTable
    /// By column, the positions of the rows whose values are kept, ascending; nil: all are kept.
    private let kept: [[Int]?]
    /// The positions of the rows in which any column has a kept value, in order.
    package let rows: [Int]

    /// About the most values of a reply, including missing ones. The reply is built in memory as a whole.
    private static let mostValues = 8_000_000

    /// Chooses values.
    ///
    /// The method is min-max, for each metric separately. Its values are split into buckets of equal size. Each bucket
    /// keeps its least and its greatest finite value, and the first and the last value that is NaN or infinite. The
    /// first and the last of all values are kept too. So no peak and no gap is lost, and every kept value is one of the
    /// run's own. Each row has its keys.
    /// - Parameters:
    ///   - points: about how many values of each column to keep
    ///   - columns: the columns to reduce
    ///   - after: only rows after that value of the axis
    package init(_ points: Int, of table: MetricsTable, columns: [Int], after: MetricsAxisValue?) {
        self.table = table
        let order = table.order.ordered
        let start = after.map { table.order.firstIndex(after: $0, in: order) } ?? 0
        let metrics = columns.filter { !table.columns[$0].role.isKey }
        let measured = metrics.isEmpty ? columns : metrics
        // Each metric may keep values of different rows.
        let width = max(1, columns.count)
        let room = Self.mostValues / width
        let points = table.rowCount - start <= room ? points : min(points, max(2, room / width))
        var kept = [[Int]?](repeating: nil, count: table.columns.count)
        var isChosen = [Bool](repeating: false, count: table.rowCount)
        for column in measured {
            let chosen = Self.choose(points, table.columns[column], start..<table.rowCount, order)
            for position in chosen { isChosen[position] = true }
            kept[column] = order == nil ? chosen : chosen.sorted()
        }
        self.kept = kept
        rows = (start..<table.rowCount).map { order?[$0] ?? $0 }.filter { isChosen[$0] }
    }

    /// Whether any column has more values than points.
    package static func areFewer(
        _ points: Int, than table: MetricsTable, columns: [Int], after: MetricsAxisValue?
    ) -> Bool {
        let order = table.order.ordered
        let start = after.map { table.order.firstIndex(after: $0, in: order) } ?? 0
        return columns.contains { column in
            table.columns[column].storage.pointee.count > points
                && (start..<table.rowCount).count {
                    !MetricsTable.isMissing(table.columns[column].value(row: order?[$0] ?? $0))
                } > points
        }
    }

    /// The positions of a column's kept values, in order.
    /// - Parameters:
    ///   - places: the places of the rows to choose from
    ///   - order: the position at each place, if it differs from the place
    ///   - other: a column that has to have a value too
    ///   - range: the range of the values of `other`; without `other`, of the places
    static func choose(
        _ points: Int, _ column: MetricsTable.Column, _ places: Range<Int>, _ order: [Int]?,
        where other: MetricsTable.Column? = nil, within range: ClosedRange<Double>? = nil
    ) -> [Int] {
        func value(_ place: Int) -> Double {
            let row = order?[place] ?? place
            let x = other?.value(row: row) ?? Double(place)
            if MetricsTable.isMissing(x) || range?.contains(x) == false { return MetricsTable.missing }
            return column.value(row: row)
        }
        let count = places.count { !MetricsTable.isMissing(value($0)) }
        if count <= points { return places.filter { !MetricsTable.isMissing(value($0)) }.map { order?[$0] ?? $0 } }
        let buckets = max(1, points / 2)
        var chosen: [Int] = []
        var bucket = Bucket()
        var (number, seen) = (0, 0)
        for place in places {
            let value = value(place)
            if MetricsTable.isMissing(value) { continue }
            if seen == 0 || seen == count - 1 { bucket.mark(place) }
            bucket.look(value, place)
            seen += 1
            if seen >= count * (number + 1) / buckets {
                chosen += bucket.places
                bucket = Bucket()
                number += 1
            }
        }
        return chosen.map { order?[$0] ?? $0 }
    }

    /// The values to keep of one bucket.
    private struct Bucket {
        private var (least, greatest) = (Double.infinity, -Double.infinity)
        private var (leastAt, greatestAt) = (-1, -1)
        private var (firstOther, lastOther) = (-1, -1)
        private var marked: [Int] = []

        mutating func mark(_ place: Int) { marked.append(place) }

        @inline(__always)
        mutating func look(_ value: Double, _ place: Int) {
            if value.isFinite {
                if value < least { (least, leastAt) = (value, place) }
                if value > greatest { (greatest, greatestAt) = (value, place) }
            } else {
                if firstOther < 0 { firstOther = place }
                lastOther = place
            }
        }

        var places: [Int] {
            Set([leastAt, greatestAt, firstOther, lastOther].filter { $0 >= 0 } + marked).sorted()
        }
    }

    package func append(row: Int, column: Int, to output: inout [UInt8]) {
        if let kept = kept[column], !Self.contains(kept, row) {
            output.append(contentsOf: "null".utf8)
        } else {
            table.append(row: row, column: column, to: &output)
        }
    }

    private static func contains(_ sorted: [Int], _ value: Int) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] == value { return true }
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return false
    }
}
