import Foundation
import TestSupport
import Testing

@testable import RunMetadata

/// Numbers of rows, against what Swift's own `Double(String)` makes of them.
@Suite struct MetricsNumberTextTests {
    /// Reads a number that stands before some other character.
    private func read(_ text: String) -> (value: Double, length: Int)? {
        let bytes = Array(text.utf8) + [UInt8(ascii: "}")]
        return bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress, let end = MetricsNumberText.end(of: start) else { return nil }
            return (MetricsNumberText.value(start, end), end - start)
        }
    }

    private func isExact(_ text: String) -> Bool {
        guard let (value, length) = read(text), let expected = Double(text) else { return false }
        return length == text.utf8.count && value.bitPattern == expected.bitPattern
    }

    @Test(arguments: [
        "0", "-0", "1", "0.1", "0.42310000000000003", "1e22", "1e23", "123456789012345678", "12345678901234567890",
        "9007199254740993", "0.000001", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "1e400",
        "3.141592653589793238462643383279", "8.5e-9", "1e-27", "179769313486231580793e288", "0.30000000000000004",
        // Around the powers of two at which a sum of digits comes to nothing.
        "18446744073709551615", "18446744073709551616", "-18446744073709551616", "18446744073709551617",
        "184467440737095516160", "1844674407370955161.6", "0.18446744073709551616", "36893488147419103232e-3",
        "340282366920938463463374607431768211456", "2e-324", "1e-400", "-1e400", "1E+5", "0e999999999999999999999",
        "1e99999999999999999999", "1e-99999999999999999999", "4.9406564584124654e-324", "2.4703282292062328e-324",
        "0.000000000000000000000000000000000000000000000000000000000000000000000000000000001e81",
    ])
    func everyNumberIsReadToTheNearestDouble(_ text: String) { #expect(isExact(text)) }

    @Test(arguments: ["", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+", "inf", "nan", "Infinity", "-Inf"])
    func whatIsNoNumberIsNone(_ text: String) { #expect(read(text) == nil) }

    @Test func aMillionNumbersOfManyKindsAreReadExactly() {
        var numbers = SeededNumbers(seed: 7)
        var wrong: [String] = []
        for _ in 0..<200_000 {
            let bits = numbers.next()
            let any = Double(bitPattern: bits)
            let subnormal = Double(bitPattern: bits & 0x800F_FFFF_FFFF_FFFF)
            let near = Double.random(in: -1...1, using: &numbers)
            let digits = "\(numbers.next())\(numbers.next() % 100_000)"
            var texts = [
                "\(near)", String(format: "%.25f", near), "\(subnormal)",
                "\(digits)e\(Int.random(in: -350...330, using: &numbers))",
            ]
            if any.isFinite { texts.append(String(format: "%.17g", any)) }
            wrong += texts.filter { !isExact($0) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }
}
