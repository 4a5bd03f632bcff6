internal import JSON

/// One column of a listing, with a value for each row. Conditions and orders are evaluated over columns.
///
/// Nine bytes a row. Each distinct text is stored once, so that a comparison looks at it once.
package struct RunColumn: Sendable {
    /// The kind of a row's value.
    package enum Kind {
        package static let missing: UInt8 = 0
        package static let flag: UInt8 = 1
        package static let number: UInt8 = 2
        package static let text: UInt8 = 3
    }

    /// The kind of each row's value.
    package private(set) var kinds: [UInt8]
    /// The number, 1 or 0 for TRUE or FALSE, or the index of the text in `texts`.
    package private(set) var numbers: [Double]
    /// The distinct texts, including those of earlier values.
    package private(set) var texts: [String] = []
    private var places: [ExactText: Int] = [:]
    /// The indices of texts in sorted order, and the rank of each text, as of the last `rankTexts()`.
    private var ordered: [Int32] = []
    private(set) var ranks: [Int32] = []

    /// A column of missing values.
    package init(rows: Int) {
        kinds = Array(repeating: Kind.missing, count: rows)
        numbers = Array(repeating: 0, count: rows)
    }

    package init(_ values: [RunValue]) {
        self.init(rows: values.count)
        for (row, value) in values.enumerated() { self[row] = value }
    }

    /// A column of few distinct texts.
    /// - Parameter places: for each row, the index of its text
    package init(texts: [String], places: [Int]) {
        kinds = Array(repeating: Kind.text, count: places.count)
        numbers = places.map(Double.init)
        self.texts = texts
        for (place, text) in texts.enumerated() { self.places[ExactText(text)] = place }
    }

    /// A column of numbers.
    package init(numbers: [Double]) {
        kinds = Array(repeating: Kind.number, count: numbers.count)
        self.numbers = numbers
    }

    package var count: Int { kinds.count }

    /// The number of distinct texts; more than rows if values changed often.
    package var textCount: Int { texts.count }

    package subscript(row: Int) -> RunValue {
        get {
            switch kinds[row] {
            case Kind.flag: .flag(numbers[row] != 0)
            case Kind.number: .number(numbers[row])
            case Kind.text: .text(texts[Int(numbers[row])])
            default: .missing
            }
        }
        set {
            switch newValue {
            case .missing: set(row, Kind.missing, 0)
            case .flag(let flag): set(row, Kind.flag, flag ? 1 : 0)
            case .number(let number): set(row, Kind.number, number)
            case .text(let text): set(row, Kind.text, Double(place(of: text)))
            }
        }
    }

    /// Adds rows of missing values.
    package mutating func grow(to rows: Int) {
        guard rows > count else { return }
        kinds += repeatElement(Kind.missing, count: rows - kinds.count)
        numbers += repeatElement(0, count: rows - numbers.count)
    }

    private mutating func set(_ row: Int, _ kind: UInt8, _ number: Double) {
        kinds[row] = kind
        numbers[row] = number
    }

    /// Lends the memory of successive rows, to be written without checks.
    /// - Parameter body: receives their kinds and numbers
    package mutating func withRows(
        _ rows: Range<Int>, _ body: (UnsafeMutableBufferPointer<UInt8>, UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        kinds.withUnsafeMutableBufferPointer { kinds in
            numbers.withUnsafeMutableBufferPointer { numbers in
                body(
                    UnsafeMutableBufferPointer(rebasing: kinds[rows]),
                    UnsafeMutableBufferPointer(rebasing: numbers[rows]))
            }
        }
    }

    /// The index of a text in `texts`. Adds the text if it is new.
    package mutating func place(of text: String) -> Int {
        if let place = places[ExactText(text)] { return place }
        texts.append(text)
        places[ExactText(text)] = texts.count - 1
        return texts.count - 1
    }

    /// Sorts the texts, so that rows can be compared by number. Sorts only texts that are new since the last call, then
    /// merges them.
    package mutating func rankTexts() {
        if ranks.count == texts.count { return }
        let texts = texts
        func isBefore(_ one: Int32, _ two: Int32) -> Bool {
            RunValue.order(texts[Int(one)], texts[Int(two)]) < 0
        }
        let added = (Int32(ordered.count)..<Int32(texts.count)).sorted(by: isBefore)
        var merged: [Int32] = []
        merged.reserveCapacity(texts.count)
        var start = 0
        for place in added {
            var (low, high) = (start, ordered.count)
            while low < high {
                let middle = (low + high) / 2
                if isBefore(ordered[middle], place) { low = middle + 1 } else { high = middle }
            }
            merged += ordered[start..<low]
            merged.append(place)
            start = low
        }
        ordered = merged + ordered[start...]
        ranks = Array(repeating: 0, count: texts.count)
        for (rank, place) in ordered.enumerated() { ranks[Int(place)] = Int32(rank) }
    }

    /// The key that rows are sorted by, ascending; missing and NaN are last. Call `rankTexts()` first.
    @inline(__always)
    func sortKey(_ row: Int, descending: Bool) -> UInt64 {
        switch kinds[row] {
        case Kind.text:
            let rank = UInt64(ranks[Int(numbers[row])])
            return descending ? Self.textKeys - 1 - rank : ~Self.textKeys + rank
        case Kind.missing: return .max
        default:
            let number = numbers[row]
            if number.isNaN { return .max }
            // Turns -0 into 0.
            let bits = (number + 0).bitPattern
            let key = bits >> 63 == 1 ? ~bits : bits | 1 << 63
            return descending ? ~key : key
        }
    }

    /// The key of each row.
    func sortKeys(descending: Bool) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { keys, filled in
            for row in 0..<count { keys.initializeElement(at: row, to: sortKey(row, descending: descending)) }
            filled = count
        }
    }

    /// The number of keys for texts, below those of all numbers and above them. (Numbers have keys from 2^52 - 1 to
    /// ~2^52 + 1: without NaN, the bit patterns leave that much room on both sides.)
    private static let textKeys: UInt64 = 1 << 40

    /// Compares a row with a value in an order: -1, 0 or 1.
    func compare(_ row: Int, with value: RunValue) -> Int {
        switch value {
        case .text(let text): kinds[row] == Kind.text ? RunValue.order(texts[Int(numbers[row])], text) : -1
        default:
            if kinds[row] == Kind.text {
                1
            } else {
                numbers[row] < value.asNumber ?? 0 ? -1 : numbers[row] > value.asNumber ?? 0 ? 1 : 0
            }
        }
    }

    /// Whether a row is missing or NaN.
    func isMissing(_ row: Int) -> Bool {
        kinds[row] == Kind.missing || (kinds[row] == Kind.number && numbers[row].isNaN)
    }
}
