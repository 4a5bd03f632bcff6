/// The rows of a run's metrics, and their order.
///
/// Rows with the same key are one row. If any row has a step, the axis is the step, otherwise the epoch. Rows with a
/// value on the axis are sorted by it. A row without one comes after the greatest value that had arrived before it;
/// such rows stay in order of arrival. A row's position is its index in order of first arrival.
package struct MetricsRowOrder: Sendable {
    /// The state before the rows, if they are a part of a run's rows.
    package struct Start: Sendable, Equatable {
        package var axis = MetricsRowKey.Kind.none
        package var step: MetricsAxisValue?
        package var epoch: MetricsAxisValue?
        package var rows = 0

        package init() {}
    }

    /// The rows of one kind of key.
    private struct Kind: Sendable {
        var greatest: MetricsAxisValue?
        /// The position of the row with the greatest value; nil if that row is in an earlier part.
        var greatestPosition: Int?
        /// Whether each row's value was greater than all values before it.
        var isInOrder = true
    }

    private var kinds: [MetricsRowKey.Kind] = []
    private var wholes: [Int] = []
    /// By position; 0 is left out, since most rows have it.
    private var fractions: [Int: Double] = [:]
    private var steps = Kind()
    private var epochs = Kind()
    /// Made when the first row arrives that is not greater than all rows before it.
    private var positions: [MetricsRowKey: Int]?
    private let start: Start
    /// Whether a row was merged into another one.
    package private(set) var hasMerged = false

    package init(_ start: Start = Start(), expectedRows: Int = 0) {
        self.start = start
        (steps.greatest, epochs.greatest) = (start.step, start.epoch)
        kinds.reserveCapacity(expectedRows)
        wholes.reserveCapacity(expectedRows)
    }

    package var count: Int { kinds.count }

    /// About how much memory it takes, bytes.
    package var size: Int { kinds.capacity * 9 + fractions.capacity * 32 + (positions?.capacity ?? 0) * 48 }

    /// The kind of key that is the axis.
    package var axis: MetricsRowKey.Kind {
        if start.axis != .none { return start.axis }
        return steps.greatest != nil ? .step : epochs.greatest != nil ? .epoch : .none
    }

    /// The start of the part that follows.
    package var end: Start {
        var end = Start()
        (end.axis, end.step, end.epoch) = (axis, steps.greatest, epochs.greatest)
        end.rows = start.rows + count
        return end
    }

    /// Finds the row of a key, or adds it.
    /// - Returns: its position
    @inline(__always)
    package mutating func position(of key: MetricsRowKey) -> Int {
        switch key.kind {
        case .none: return append(key)
        case .step:
            let isNext = steps.greatest.map { key.value > $0 } ?? true
            return isNext ? appendGreatest(key) : earlier(key, steps)
        case .epoch:
            let isNext = epochs.greatest.map { key.value > $0 } ?? true
            return isNext ? appendGreatest(key) : earlier(key, epochs)
        }
    }

    @inline(__always)
    private mutating func appendGreatest(_ key: MetricsRowKey) -> Int {
        let position = append(key)
        if key.kind == .step {
            (steps.greatest, steps.greatestPosition) = (key.value, position)
        } else {
            (epochs.greatest, epochs.greatestPosition) = (key.value, position)
        }
        positions?[key] = position
        return position
    }

    /// The position of a key that is not greater than all keys of its kind.
    private mutating func earlier(_ key: MetricsRowKey, _ kind: Kind) -> Int {
        if key.value == kind.greatest, let position = kind.greatestPosition {
            hasMerged = true
            return position
        }
        if positions == nil {
            var found: [MetricsRowKey: Int] = [:]
            for position in kinds.indices where kinds[position] != .none {
                found[MetricsRowKey(kinds[position], value(position))] = position
            }
            positions = found
        }
        if let position = positions?[key] {
            hasMerged = true
            return position
        }
        if key.kind == .step { steps.isInOrder = false } else { epochs.isInOrder = false }
        let position = append(key)
        positions?[key] = position
        return position
    }

    @inline(__always)
    private mutating func append(_ key: MetricsRowKey) -> Int {
        kinds.append(key.kind)
        wholes.append(key.value.whole)
        if key.value.fraction != 0 { fractions[kinds.count - 1] = key.value.fraction }
        return kinds.count - 1
    }

    private func value(_ position: Int) -> MetricsAxisValue {
        MetricsAxisValue(whole: wholes[position], fraction: fractions.isEmpty ? 0 : fractions[position] ?? 0)
    }

    // MARK: Order

    /// A row's place in the order.
    struct Place: Comparable, Hashable, Sendable {
        /// The row's value on the axis, or the greatest one that had arrived before it; nil if there was none.
        let value: MetricsAxisValue?
        /// 0 for a row with a value on the axis; else the number of rows without one that had arrived by then,
        /// including this row.
        let loose: Int

        static func < (one: Place, other: Place) -> Bool {
            guard let value = one.value, let otherValue = other.value else {
                if one.value == nil, other.value == nil { return one.loose < other.loose }
                return one.value == nil
            }
            return value != otherValue ? value < otherValue : one.loose < other.loose
        }
    }

    /// The value on the axis of the row at a position; nil if it has none.
    package func axisValue(_ position: Int) -> MetricsAxisValue? {
        kinds[position] == axis && axis != .none ? value(position) : nil
    }

    /// Calls `body` with each row's place, in order of arrival.
    func eachPlace(_ body: (_ position: Int, Place) -> Void) {
        let axis = axis
        var greatest = axis == .step ? start.step : start.epoch
        var loose = 0
        for position in kinds.indices {
            if kinds[position] == axis, axis != .none {
                let value = value(position)
                greatest = greatest.map { max($0, value) } ?? value
                body(position, Place(value: value, loose: 0))
            } else {
                loose += 1
                body(position, Place(value: greatest, loose: loose))
            }
        }
    }

    /// The number of rows without a value on the axis.
    var looseCount: Int {
        let axis = axis
        return axis == .none ? count : kinds.count { $0 != axis }
    }

    /// The place of the row of the greatest epoch if the axis is the step; nil if there is no such row.
    var latestEpochPlace: Place? {
        guard axis == .step, let latest = epochs.greatestPosition else { return nil }
        var found: Place?
        eachPlace { if $0 == latest { found = $1 } }
        return found
    }

    /// Whether the rows are in order of arrival.
    package var isInOrder: Bool { axis == .step ? steps.isInOrder : epochs.isInOrder }

    /// The positions of the rows in order; nil if that is the order of arrival.
    package var ordered: [Int]? {
        if isInOrder { return nil }
        var places: [(place: Place, position: Int)] = []
        places.reserveCapacity(count)
        eachPlace { places.append(($1, $0)) }
        places.sort { $0.place < $1.place }
        return places.map(\.position)
    }

    /// The first index in the order whose row comes after all rows with axis values up to `value`. If no row has an
    /// axis value, row numbers from 0 count instead.
    package func firstIndex(after value: MetricsAxisValue, in order: [Int]?) -> Int {
        if axis == .none { return min(count, max(0, min(value.whole, .max - 1) + 1 - start.rows)) }
        if let greatest = axis == .step ? start.step : start.epoch, greatest > value { return 0 }
        return (0..<count).first { axisValue(order?[$0] ?? $0).map { $0 > value } ?? false } ?? count
    }

    /// The positions of the rows in order; if a value is given, only the rows after it.
    package func positions(after value: MetricsAxisValue?) -> [Int] {
        let order = ordered
        let first = value.map { firstIndex(after: $0, in: order) } ?? 0
        return (first..<count).map { order?[$0] ?? $0 }
    }
}
