internal import Glibc

/// Reads JSON numbers as Doubles, for the many that a long run has.
enum MetricsNumberText {
    /// A number and where its text ends.
    struct Scanned {
        let value: Double
        /// The number itself where it is written as a whole one of at most 18 digits.
        let whole: Int?
        let end: UnsafePointer<UInt8>
    }

    /// Reads the number at `start`. The text has to end in something that no number has in it.
    ///
    /// Nearly all are found by one exact operation: a whole number below 2^53, times or by a power of ten up to 10^22
    /// (Clinger, "How to read floating point numbers accurately", PLDI 1990); with the 64 bits of x87, where there are
    /// those, up to 2^64 and 10^27, unless the last bits leave in doubt which way to round. The rest goes to strtod(3).
    @inline(__always)
    static func scan(_ start: UnsafePointer<UInt8>) -> Scanned? {
        var at = start
        let isNegative = at.pointee == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let first = at
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        while case let digit = at.pointee &- UInt8(ascii: "0"), digit <= 9 {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            if mantissa != 0 { digits += 1 }
            at += 1
        }
        guard at > first else { return nil }
        var isWhole = true
        if at.pointee == UInt8(ascii: ".") {
            isWhole = false
            at += 1
            let fraction = at
            while case let digit = at.pointee &- UInt8(ascii: "0"), digit <= 9 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa != 0 { digits += 1 }
                at += 1
            }
            exponent = fraction - at
        }
        if at.pointee | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            at += 1
            let isDown = at.pointee == UInt8(ascii: "-")
            if isDown || at.pointee == UInt8(ascii: "+") { at += 1 }
            var power = 0
            while case let digit = at.pointee &- UInt8(ascii: "0"), digit <= 9 {
                power = min(power * 10 + Int(digit), 100_000)
                at += 1
            }
            exponent += isDown ? -power : power
        }
        let whole = isWhole && digits <= 18 ? (isNegative ? -Int(mantissa) : Int(mantissa)) : nil
        if digits <= 19, let magnitude = exact(mantissa, exponent) {
            return Scanned(value: isNegative ? -magnitude : magnitude, whole: whole, end: at)
        }
        return Scanned(value: slow(start), whole: whole, end: at)
    }

    @inline(__always)
    private static func exact(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa < 1 << 53, exponent >= -22, exponent <= 22 {
            return exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
        }
        #if arch(x86_64)
            if exponent >= -27, exponent <= 27 {
                let number =
                    exponent < 0
                    ? Float80(mantissa) / longPowers[-exponent] : Float80(mantissa) * longPowers[exponent]
                let last = number.significandBitPattern & 0x7FF
                // Rounded twice: at the half between two Doubles the first rounding may have tipped the balance.
                if last < 0x3FE || last > 0x402 { return Double(number) }
            }
        #endif
        return nil
    }

    @inline(never)
    private static func slow(_ start: UnsafePointer<UInt8>) -> Double {
        start.withMemoryRebound(to: CChar.self, capacity: 1) { strtod($0, nil) }
    }

    // Never freed, never changed once it is there. Each is exact.
    nonisolated(unsafe) private static let powers: UnsafeMutablePointer<Double> = {
        let powers = UnsafeMutablePointer<Double>.allocate(capacity: 23)
        var power = 1.0
        for index in 0...22 {
            powers[index] = power
            power *= 10
        }
        return powers
    }()

    #if arch(x86_64)
        // Likewise.
        nonisolated(unsafe) private static let longPowers: UnsafeMutablePointer<Float80> = {
            let powers = UnsafeMutablePointer<Float80>.allocate(capacity: 28)
            var power: Float80 = 1
            for index in 0...27 {
                powers[index] = power
                power *= 10
            }
            return powers
        }()
    #endif
}
