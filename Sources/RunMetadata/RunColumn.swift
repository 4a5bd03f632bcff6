/// One column of a listing, a value for each row: what conditions and orders are evaluated over.
///
/// Nine bytes a row. Texts are kept once each, so that a comparison with a text looks at every different one once.
package struct RunColumn: Sendable {
    /// What a row holds.
    enum Kind {
        static let missing: UInt8 = 0
        static let flag: UInt8 = 1
        static let number: UInt8 = 2
        static let text: UInt8 = 3
    }

    /// The kind of each row's value.
    private(set) var kinds: [UInt8]
    /// The number, 1 or 0 for TRUE or FALSE, or the place of the text in `texts`.
    private(set) var numbers: [Double]
    /// The different texts, those of earlier values too.
    private(set) var texts: [String] = []
    private var places: [String: Int] = [:]

    /// A column of missing values.
    package init(rows: Int) {
        kinds = Array(repeating: Kind.missing, count: rows)
        numbers = Array(repeating: 0, count: rows)
    }

    package init(_ values: [RunValue]) {
        self.init(rows: values.count)
        for (row, value) in values.enumerated() { self[row] = value }
    }

    /// A column of few different texts.
    /// - Parameter places: for each row, the place of its text
    package init(texts: [String], places: [Int]) {
        kinds = Array(repeating: Kind.text, count: places.count)
        numbers = places.map(Double.init)
        self.texts = texts
        for (place, text) in texts.enumerated() { self.places[text] = place }
    }

    /// A column of numbers.
    package init(numbers: [Double]) {
        kinds = Array(repeating: Kind.number, count: numbers.count)
        self.numbers = numbers
    }

    package var count: Int { kinds.count }

    /// How many different texts are kept; more than there are rows where values changed often.
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

    private mutating func place(of text: String) -> Int {
        if let place = places[text] { return place }
        texts.append(text)
        places[text] = texts.count - 1
        return texts.count - 1
    }

    /// How two rows compare in an order: numbers before texts, what is missing or NaN equal.
    func compare(_ one: Int, _ two: Int) -> Int {
        if kinds[one] == Kind.text, kinds[two] == Kind.text {
            return numbers[one] == numbers[two] ? 0 : RunValue.order(texts[Int(numbers[one])], texts[Int(numbers[two])])
        }
        if kinds[one] != Kind.text, kinds[two] != Kind.text {
            let (first, second) = (numbers[one], numbers[two])
            return first < second ? -1 : first > second ? 1 : 0
        }
        return kinds[one] == Kind.text ? 1 : -1
    }

    /// How a row compares with a value in an order.
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
