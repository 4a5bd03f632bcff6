import JSON
import TestSupport

/// Makes named lists as clients send them: R, where every value is an array and NULL is `{}`; Python, where None is
/// null; with what neither would write in between. The same for the same seed.
struct GeneratedList {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    private static let names = [
        "lr", "batch_size", "a", "b", "a.b", "x", "x1", "train/loss", "ä", "e\u{301}", "mAP,50", "if", "row.names",
        "1st",
        "`tick`", "run", "status", "with space", "😀", "_", String(repeating: "n", count: 60),
    ]
    private static let texts = [
        "adam", "", "NA", "NaN", "TRUE", "0.10", "null", "two\nlines", "\u{1F600}", "\"quoted\"", "80e5005", "[1]",
        "{}",
    ]
    private static let literals = [
        "0", "-0", "1", "32", "0.1", "1.50", "1e-3", "1E+5", "1e999", "-1e-999", "9007199254740993",
        "12345678901234567890.125", "0.30000000000000004",
    ]

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &numbers)]
    }

    private mutating func count(_ most: Int) -> Int { Int.random(in: 0...most, using: &numbers) }

    /// Flags: a named list of anything.
    mutating func flags() -> JSONObject { list(depth: 3) { $0.scalar() } }

    /// An evaluation: a named list of numbers, of such lists and arrays.
    mutating func evaluation() -> JSONObject { list(depth: 3) { $0.number() } }

    /// Properties, each of any value that its name may have.
    mutating func properties() -> JSONObject {
        var list = JSONObject()
        for _ in 0...count(6) {
            list[pick(["note", "model", "data.set", "flag_lr", "status", "links", "été"])] = scalar()
        }
        list["note"] = .array([scalar(), .string(pick(Self.texts))])
        list["samples"] = pick([60_000, "60000", [60_000], "1e+05", "NA"])
        list["start"] = pick([1_795_499_177.04699, "2026-11-24T09:30:00Z", ["2026-11-24 09:30:00"], "1795499177"])
        return list
    }

    mutating func error() -> JSONObject {
        var error: JSONObject = ["message": pick(["oom", ["oom"], "", "two\nlines"])]
        if count(3) > 0 {
            error["traceback"] = pick([[], JSONValue.object(JSONObject()), nil, "f()", ["f()", "g()"]])
        }
        for member in flags().members { error["x" + member.name] = member.value }
        return error
    }

    private mutating func list(depth: Int, _ scalar: (inout Self) -> JSONValue) -> JSONObject {
        var list = JSONObject()
        for _ in 0..<count(4) { list[pick(Self.names)] = value(depth: depth, scalar) }
        return list
    }

    private mutating func value(depth: Int, _ scalar: (inout Self) -> JSONValue) -> JSONValue {
        switch count(depth == 0 ? 3 : 9) {
        case 0: return nil
        case 1...3: return scalar(&self)
        case 4: return [scalar(&self)]
        case 5: return pick([[], .object(JSONObject()), [nil], [[]]])
        case 6, 7: return .array((0..<count(4)).map { _ in value(depth: depth - 1, scalar) })
        default: return .object(list(depth: depth - 1, scalar))
        }
    }

    private mutating func scalar() -> JSONValue {
        switch count(4) {
        case 0: .bool(count(1) == 0)
        case 1, 2: .string(pick(Self.texts))
        default: literal()
        }
    }

    private mutating func literal() -> JSONValue { JSONNumber(pick(Self.literals)).map { .number($0) } ?? nil }

    private mutating func number() -> JSONValue {
        count(4) == 0 ? .string(pick(["NaN", "nan", "-nan", "Inf", "-inf", "Infinity", "NA"])) : literal()
    }
}
