import JSON
import TestSupport

/// A value as a program has it, before any client has written it down.
indirect enum SentValue {
    /// NULL, None, NA.
    case missing
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([SentValue])
    case named([(name: String, value: SentValue)])

    /// How the clients are told of it: what JSON cannot say is `{"number": "NaN"}`.
    var transport: JSONValue {
        switch self {
        case .missing: nil
        case .flag(let flag): .bool(flag)
        case .number(let number) where number.isFinite: .number(JSONNumber(number))
        case .number(let number): ["number": .string(JSONNumber(number).text)]
        case .text(let text): .string(text)
        case .list(let elements): .array(elements.map(\.transport))
        case .named(let members): .object(JSONObject(members.map { ($0.name, $0.value.transport) }))
        }
    }
}

/// What a client's way of writing does not tell, by its own documentation.
struct Losses: OptionSet {
    let rawValue: Int

    /// Beyond four decimals: jsonlite's `toJSON()` (`stream_out()`: five).
    static let decimals = Losses(rawValue: 1)
    /// Beyond 15 significant digits, or ten decimals: `digits = NA`, pandas' `double_precision = 10`.
    static let digits = Losses(rawValue: 2)
    /// NaN is missing.
    static let nan = Losses(rawValue: 4)
    /// Infinities are missing.
    static let infinities = Losses(rawValue: 8)
    /// Whether something is a number or a text: a form.
    static let types = Losses(rawValue: 16)

    /// What is missing is NaN.
    static let missing = Losses(rawValue: 32)

    private static let names: [String: Losses] = [
        "missing": .missing,
        "decimals": .decimals, "digits": .digits, "nan": .nan, "infinities": .infinities, "types": .types,
    ]

    init(rawValue: Int) { self.rawValue = rawValue }

    init(names: JSONValue?) {
        self = (names?.array ?? []).reduce(into: []) { losses, name in
            losses.formUnion(name.string.flatMap { Self.names[$0] } ?? [])
        }
    }

    /// Whether a number is told as missing.
    func isMissing(_ number: Double) -> Bool {
        number.isNaN ? contains(.nan) : number.isInfinite && contains(.infinities)
    }

    /// Whether one number is what came of another.
    func isSame(_ sent: Double, _ read: Double) -> Bool {
        if sent.isNaN || read.isNaN || sent.isInfinite {
            return sent.isNaN == read.isNaN && (sent.isNaN || sent == read)
        }
        let room =
            (contains(.decimals) ? 0.5001e-4 : 0)
            + (contains(.digits) || contains(.decimals) ? 1e-10 + sent.magnitude * 1e-14 : 0)
        return (sent - read).magnitude <= room
    }
}
