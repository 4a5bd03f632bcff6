internal import CNumbers

/// Finds and reads JSON numbers in a text, fast enough for a long run.
enum MetricsNumberText {
    /// Where the number at `start` ends; nil if there is none (RFC 8259 section 6). The text has to end with a byte
    /// that cannot be part of a number.
    @inline(__always)
    static func end(of start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        var at = start
        if at.pointee == UInt8(ascii: "-") { at += 1 }
        let whole = at
        skipDigits(&at)
        guard at > whole, whole.pointee != UInt8(ascii: "0") || at == whole + 1 else { return nil }
        if at.pointee == UInt8(ascii: ".") {
            at += 1
            let fraction = at
            skipDigits(&at)
            guard at > fraction else { return nil }
        }
        if at.pointee | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at.pointee == UInt8(ascii: "-") || at.pointee == UInt8(ascii: "+") { at += 1 }
            let power = at
            skipDigits(&at)
            guard at > power else { return nil }
        }
        return at
    }

    @inline(__always)
    private static func skipDigits(_ at: inout UnsafePointer<UInt8>) {
        while at.pointee &- UInt8(ascii: "0") <= 9 { at += 1 }
    }

    /// The nearest Double of the number from `start` to `end`.
    @inline(__always)
    static func value(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double {
        cnumbers_double(
            UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self),
            UnsafeRawPointer(end).assumingMemoryBound(to: CChar.self))
    }
}
