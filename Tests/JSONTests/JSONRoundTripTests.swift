import JSON
import Testing

/// SplitMix64: the same values in each run.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct JSONRoundTripTests {
    @Test(arguments: 0..<40)
    func whatIsWrittenReadsBackTheSame(_ seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<25 {
            let value = Self.value(depth: 4, using: &generator)
            #expect(try JSONValue.parse(JSONWriter.compact(value)) == value)
            #expect(try JSONValue.parse(JSONWriter.pretty(value)) == value)
        }
    }

    /// Any change of a byte gives either a fault inside the text or a value that reads back the same.
    @Test(arguments: 0..<40)
    func aDamagedTextNeverBreaksTheParser(_ seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<25 {
            var bytes = JSONWriter.compact(Self.value(depth: 3, using: &generator))
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                let value = try JSONValue.parse(bytes, nonFinite: .refused)
                #expect(String(validating: bytes, as: UTF8.self) != nil)
                #expect(try JSONValue.parse(JSONWriter.compact(value)) == value)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
    }

    private static func value(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        let count = Int.random(in: 0..<(Bool.random(using: &generator) ? 4 : 24), using: &generator)
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .number(JSONNumber(Double(bitPattern: generator.next()).finiteOrOne))
        case 3: return .number(JSONNumber(Int64(truncatingIfNeeded: generator.next())))
        case 4: return .string(text(using: &generator))
        case 5: return .array((0..<count).map { _ in value(depth: depth - 1, using: &generator) })
        default:
            let members = (0..<count).map { _ in
                (text(using: &generator), value(depth: depth - 1, using: &generator))
            }
            return .object(JSONObject(members))
        }
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<12, using: &generator) {
            let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x11_0000
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) ?? "\u{FFFD}")
        }
        return text
    }
}

extension Double {
    fileprivate var finiteOrOne: Double { isFinite ? self : 1 }
}
