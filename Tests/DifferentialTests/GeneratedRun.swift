import JSON
import TestSupport

/// What one run sends: a document of each type, the same for the same seed.
struct GeneratedRun {
    let flags: [(name: String, value: SentValue)]
    let evaluation: [(name: String, value: SentValue)]
    let properties: [(name: String, value: SentValue)]
    /// Nil for a run that does not fail.
    let error: [(name: String, value: SentValue)]?
    /// The frames that are sent, one after the other.
    let metrics: [SentFrame]
    /// The order in which the types are sent; 0 is the start of the run, and those before it wait.
    let order: [Int]

    var transport: JSONValue {
        [
            "flags": SentValue.named(flags).transport, "evaluation": SentValue.named(evaluation).transport,
            "properties": SentValue.named(properties).transport,
            "error": error.map { SentValue.named($0).transport } ?? nil,
            "metrics": .array(metrics.map(\.transport)),
        ]
    }

    init(seed: UInt64) {
        var made = Generator(seed: seed)
        flags = made.list(depth: 2) { $0.scalar() }
        evaluation = made.list(depth: 1) { .number($0.number(special: 5)) }
        properties = made.properties()
        error = made.isOne(in: 3) ? made.error() : nil
        metrics = made.frames()
        order = Array(0...5).shuffled(using: &made.numbers)
    }
}

private struct Generator {
    var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    private static let names = [
        "lr", "batch_size", "a", "b", "a.b", "x", "train/loss", "ä", "mAP,50", "if", "row.names", "1st", "check.names",
        "run", "status", "with space", "😀", "_", "NA", "number1", "steps", "end",
    ]
    private static let texts = [
        "adam", "", "TRUE", "0.10", "null", "two\nlines", "\u{1F600}é", "\"quoted\" \\", "80e5005", "[1]", "{}", "1e5",
        "a,b;c\td", "/tmp", "NA", "NaN", "true", "-Inf", String(repeating: "long ", count: 120),
    ]

    mutating func isOne(in count: Int) -> Bool { Int.random(in: 0..<count, using: &numbers) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &numbers)]
    }

    mutating func number(special: Int = .max) -> Double {
        if special < .max, isOne(in: special) { return pick([.nan, .infinity, -.infinity]) }
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0: return Double(Int.random(in: -5...200, using: &numbers))
        case 1: return pick([0, 1e5, 100_000, 4_294_967_296, 9_007_199_254_740_991, 1e-4, 0.1 + 0.2, 1e15, -0.5])
        default: return Double.random(in: -2...2, using: &numbers) * pick([1, 1, 1, 1000, 1e-3])
        }
    }

    mutating func scalar() -> SentValue {
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0: .missing
        case 1: .flag(isOne(in: 2))
        case 2, 3: .text(pick(Self.texts))
        default: .number(number())
        }
    }

    mutating func list(depth: Int, _ scalar: (inout Self) -> SentValue) -> [(name: String, value: SentValue)] {
        let names = Self.names.shuffled(using: &numbers).prefix(Int.random(in: 1...5, using: &numbers))
        return names.map { ($0, value(depth: depth, scalar)) }
    }

    private mutating func value(depth: Int, _ scalar: (inout Self) -> SentValue) -> SentValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &numbers) {
        case 0..<5: return scalar(&self)
        case 5, 6: return vector(scalar)
        default: return .named(list(depth: depth - 1, scalar))
        }
    }

    /// Of one kind, as R has them.
    private mutating func vector(_ scalar: (inout Self) -> SentValue) -> SentValue {
        let first = scalar(&self)
        let count = Int.random(in: 0...4, using: &numbers)
        switch first {
        case .number: return .list((0..<count).map { _ in .number(number()) })
        case .text: return .list((0..<count).map { _ in .text(pick(Self.texts)) })
        case .flag: return .list((0..<count).map { _ in .flag(isOne(in: 2)) })
        default: return .list([])
        }
    }

    mutating func properties() -> [(name: String, value: SentValue)] {
        var properties: [(name: String, value: SentValue)] = []
        let names = [
            "note", "model", "data.set", "flag_lr", "status", "links", "été", "endpoint", "end_lr", "metric_loss",
            "metrics_dir", "type_of", "starting", "with space", "error_message", "row.names",
        ]
        for name in names.shuffled(using: &numbers).prefix(4) {
            var value = isOne(in: 4) ? vector { $0.scalar() } : scalar()
            // An element a line, so that texts with line breaks are not told apart.
            if case .list(let elements) = value {
                value = .list(
                    elements.map { if case .text(let text) = $0, text.contains("\n") { .text("x") } else { $0 } })
            }
            properties.append((name, value))
        }
        if isOne(in: 3) { properties.append((pick(["steps", "epochs"]), pick([.number(12), .missing]))) }
        if isOne(in: 3) { properties.append(("samples", pick([.number(60_000), .number(100_000), .missing]))) }
        if isOne(in: 3) { properties.append(("learning_rate", .number(pick([0.001, 0.5])))) }
        if isOne(in: 3) { properties.append(("start", .number(1_795_499_177.046))) }
        if isOne(in: 4) { properties.append(("script", .text(pick(["train.R", "src/train.py", "C:\\train.R", ""])))) }
        return properties
    }

    mutating func error() -> [(name: String, value: SentValue)] {
        var error: [(name: String, value: SentValue)] = [("message", .text(pick(Self.texts)))]
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: break
        case 1: error.append(("traceback", .missing))
        case 2: error.append(("traceback", .text("f()\ng()")))
        default: error.append(("traceback", .list(["f(x)", "g()", "h()"].prefix(3).map { .text($0) })))
        }
        if isOne(in: 2) { error.append(("where", .named(list(depth: 0) { $0.scalar() }))) }
        return error
    }

    // MARK: Metrics

    private enum Key: CaseIterable { case none, step, epoch, both }

    mutating func frames() -> [SentFrame] {
        if isOne(in: 5) { return mixedRows() }
        let key = pick(Key.allCases)
        let count = Int.random(in: 1...8, using: &numbers)
        let frame = frame(key, count)
        if key == .none {
            return switch Int.random(in: 0..<4, using: &numbers) {
            case 0: (0..<count).map { frame.rows([$0]) }
            case 1: (1...count).map { frame.rows(0..<$0) }
            case 2: (1...Int.random(in: 1...count, using: &numbers)).map { padded(frame, after: $0) }
            default: [repeatedKey(frame)]
            }
        }
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0:
            // Row by row, and the values that are known late.
            var frames = (0..<count).shuffled(using: &numbers).map { frame.rows([$0]) }
            let late = (0..<count).filter { _ in isOne(in: 2) }
            frames += late.map { row in
                let name = key == .epoch ? "epoch" : "step"
                return SentFrame(
                    columns: [
                        (name, [frame[name]?[row] ?? nil]), ("val_late", [number()]),
                    ])
            }
            return frames
        case 1: return (1...count).map { frame.rows(0..<$0) }
        case 2: return (1...count).map { padded(frame, after: $0) }
        case 3:
            let size = Int.random(in: 1...3, using: &numbers)
            let chunks = stride(from: 0, to: count, by: size).map { frame.rows($0..<min($0 + size, count)) }
            return chunks.shuffled(using: &numbers)
        default: return [frame.rows((0..<count).shuffled(using: &numbers))]
        }
    }

    /// Rows with keys of each kind and without, some of which come again or change what there is.
    private mutating func mixedRows() -> [SentFrame] {
        (0..<Int.random(in: 2...15, using: &numbers)).map { _ in
            var columns: [(name: String, values: [Double?])] = []
            let key = pick(Key.allCases)
            if key == .step || key == .both {
                columns.append(("step", [Double(Int.random(in: 1...6, using: &numbers))]))
            }
            if key == .epoch || key == .both {
                columns.append(("epoch", [Double(Int.random(in: 1...4, using: &numbers))]))
            }
            columns.append(("loss", [number()]))
            if isOne(in: 2) { columns.append(("acc", [isOne(in: 2) ? nil : number(special: 4)])) }
            return SentFrame(columns: columns)
        }
    }

    private mutating func frame(_ key: Key, _ count: Int) -> SentFrame {
        var columns: [(name: String, values: [Double?])] = []
        if key == .step || key == .both {
            let stride = pick([1, 10, 100_000])
            columns.append(("step", (0..<count).map { Double(($0 + 1) * stride) }))
        }
        if key == .both { columns.append(("epoch", (0..<count).map { Double($0 / 2) + pick([0, 0.5, 0.25]) })) }
        if key == .epoch { columns.append(("epoch", (0..<count).map { Double($0 + 1) })) }
        let names = ["acc", "val_loss", "lr", "mAP,50", "train/loss", "a b", "ä"].shuffled(using: &numbers)
        // Every row has a number at least.
        columns.append(("loss", (0..<count).map { _ in number() }))
        for name in names.prefix(Int.random(in: 0...3, using: &numbers)) {
            columns.append((name, (0..<count).map { _ in isOne(in: 6) ? nil : number(special: 8) }))
        }
        return SentFrame(columns: columns)
    }

    /// A frame as R has it before the epochs to come: what is not known yet is missing, but for the keys.
    private func padded(_ frame: SentFrame, after rows: Int) -> SentFrame {
        SentFrame(
            columns: frame.columns.map { column in
                if column.name == "step" || column.name == "epoch" { return column }
                return (column.name, column.values.enumerated().map { $0 < rows ? $1 : nil })
            })
    }

    /// A frame of batches, whose epochs repeat and are in no order.
    private mutating func repeatedKey(_ frame: SentFrame) -> SentFrame {
        guard frame.rowCount > 1 else { return frame }
        var epochs: [Double?] = (0..<frame.rowCount).map { _ in Double(Int.random(in: 1...3, using: &numbers)) }
        epochs[1] = epochs[0]
        return SentFrame(columns: [("epoch", epochs)] + frame.columns)
    }
}
