extension MetricsTable {
    /// The rows that stand for all after a key, in order: about `points` of them.
    ///
    /// The method is min-max: the rows are parted into buckets of one size, and of each bucket are kept, for each of the
    /// columns, the row with the least and the row with the greatest finite value, and the first and the last of those
    /// that are NaN or infinite. The first and the last row of all are kept. So no peak and no gap is lost, and every
    /// row that is kept is one of the run's own.
    /// - Parameters:
    ///   - chosen: the columns that count; those that hold keys do not
    ///   - after: only rows with a greater key
    package func points(_ points: Int, columns chosen: [Int], after: Int?) -> [Int] {
        let order = orderedPositions
        // A reply is made as a whole: with very many columns, of fewer rows.
        let points = min(points, max(1, Self.mostValues / max(1, chosen.count)))
        let start = after.map { firstPlace(after: $0, in: order) } ?? 0
        let count = rowCount - start
        if count <= points { return (start..<rowCount).map { order?[$0] ?? $0 } }
        let measured = chosen.filter { !columns[$0].isKey }
        let buckets = max(1, min(count, points / max(1, measured.count * 2)))
        var places: [Int] = []
        places.reserveCapacity(buckets * (measured.count * 2 + 1) + 2)
        for bucket in 0..<buckets {
            let bucketPlaces = (start + count * bucket / buckets)..<(start + count * (bucket + 1) / buckets)
            var kept: Set<Int> = measured.isEmpty ? [bucketPlaces.lowerBound] : []
            if bucket == 0 { kept.insert(start) }
            if bucket == buckets - 1 { kept.insert(rowCount - 1) }
            for column in measured { Self.keep(bucketPlaces, columns[column], order, &kept) }
            places += kept.sorted()
        }
        return places.map { order?[$0] ?? $0 }
    }

    /// Values of a reply, about.
    private static let mostValues = 4_000_000

    /// Notes the places of one bucket that matter for a column.
    private static func keep(_ places: Range<Int>, _ column: Column, _ order: [Int]?, _ kept: inout Set<Int>) {
        var (least, greatest) = (Double.infinity, -Double.infinity)
        var (leastAt, greatestAt) = (-1, -1)
        var (firstOther, lastOther) = (-1, -1)
        func look(_ value: Double, _ place: Int) {
            if value.isFinite {
                if value < least { (least, leastAt) = (value, place) }
                if value > greatest { (greatest, greatestAt) = (value, place) }
            } else if !isMissing(value) {
                if firstOther < 0 { firstOther = place }
                lastOther = place
            }
        }
        if let order {
            for place in places { look(column.value(row: order[place]), place) }
        } else {
            let values = column.storage.pointee.values
            for place in places.clamped(to: 0..<column.storage.pointee.count) { look(values[place], place) }
        }
        for place in [leastAt, greatestAt, firstOther, lastOther] where place >= 0 { kept.insert(place) }
    }
}

extension MetricsTable {
    /// The parts of the text that hold the rows after a key, each with the greatest key before it. One part, the whole
    /// text, where rows were merged or came out of order.
    package func parts(after key: Int?) -> [(range: Range<Int>, greatestKey: Int)] {
        guard isPlain else { return [(0..<covered, -1)] }
        // The last part that begins with the first row, or before it.
        let row = key.map { firstPlace(after: $0, in: nil) } ?? 0
        let first = max(0, (chunks.firstIndex { $0.row > row } ?? chunks.count) - 1)
        return chunks.indices.dropFirst(first).map { index in
            let end = index + 1 < chunks.count ? chunks[index + 1].offset : covered
            return (chunks[index].offset..<end, chunks[index].greatestKey)
        }
    }
}

extension MetricsTable: MetricsCells {
    package var columnNames: [String] { columns.map(\.name) }

    /// Appends a value as JSON, the shortest text that reads as the same Double.
    package func append(row: Int, column: Int, to output: inout [UInt8]) {
        let value = columns[column].value(row: row)
        if Self.isMissing(value) {
            output.append(contentsOf: "null".utf8)
        } else if value.isNaN {
            output.append(contentsOf: "\"NaN\"".utf8)
        } else if value.isInfinite {
            output.append(contentsOf: (value < 0 ? "\"-Inf\"" : "\"Inf\"").utf8)
        } else if let whole = Int(exactly: value), whole.magnitude < 1 << 53 {
            output.append(contentsOf: String(whole).utf8)
        } else {
            output.append(contentsOf: value.description.utf8)
        }
    }
}
