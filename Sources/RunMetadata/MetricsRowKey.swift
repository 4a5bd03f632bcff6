internal import Glibc
internal import JSON

/// A number on the axis of a run's rows, exactly: a step of 64 bits, or an epoch, which may have a fraction.
package struct MetricsAxisValue: Hashable, Comparable, Sendable {
    /// The number rounded down.
    package let whole: Int
    /// The rest, in [0, 1).
    package let fraction: Double

    package init(whole: Int, fraction: Double = 0) { (self.whole, self.fraction) = (whole, fraction) }

    /// Reads a JSON number; nil if the text is not one, or the number needs more than 64 bits.
    package init?(_ text: UnsafeRawBufferPointer) {
        if let whole = Self.plainWhole(text) {
            self.init(whole: whole)
            return
        }
        guard let number = JSONNumber(String(decoding: text, as: UTF8.self)), number.isFinite else { return nil }
        if let whole = number.int {
            self.init(whole: whole)
            return
        }
        // A whole number that does not parse needs more than 64 bits.
        let (value, floor) = (number.double, number.double.rounded(.down))
        guard !number.isWhole, let whole = Int(exactly: floor) else { return nil }
        self.init(whole: whole, fraction: max(value - floor, .ulpOfOne / 256))
    }

    package init?(_ text: String) {
        guard let value = Array(text.utf8).withUnsafeBytes({ MetricsAxisValue($0) }) else { return nil }
        self = value
    }

    package static func < (one: MetricsAxisValue, other: MetricsAxisValue) -> Bool {
        one.whole != other.whole ? one.whole < other.whole : one.fraction < other.fraction
    }

    /// Reads a number that is only digits, up to 18 of them, the usual case.
    @inline(__always)
    private static func plainWhole(_ text: UnsafeRawBufferPointer) -> Int? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return isNegative ? -value : value
    }
}

/// Identifies a row of metrics: its step, else its epoch. A row with a step never equals one with only an epoch, and a
/// row with neither equals no other.
package struct MetricsRowKey: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case none
        case epoch
        case step
    }

    package let kind: Kind
    package let value: MetricsAxisValue

    package static let none = MetricsRowKey(.none, MetricsAxisValue(whole: 0))

    init(_ kind: Kind, _ value: MetricsAxisValue) { (self.kind, self.value) = (kind, value) }
}

/// The meaning of a column of metrics.
package enum MetricsColumnRole: Sendable {
    case metric
    case step
    case epoch
    /// When the row arrived, seconds since 1970.
    case time
    /// The row's index in a whole frame. It is such a row's only key.
    case frame

    package static let stepName = "step"
    package static let epochName = "epoch"
    package static let timeName = "_time"
    package static let frameName = "_frame"

    /// Called for each metric of each row, so the special names are compared as integers.
    package init(_ name: UnsafeRawBufferPointer) {
        switch name.count {
        case 4 where name.loadUnaligned(as: UInt32.self).bigEndian == 0x7374_6570: self = .step
        case 5 where name.loadUnaligned(as: UInt32.self).bigEndian == 0x6570_6F63 && name[4] == UInt8(ascii: "h"):
            self = .epoch
        case 5 where name[0] == UInt8(ascii: "_") && name.elementsEqual(Self.timeName.utf8): self = .time
        case 6 where name[0] == UInt8(ascii: "_") && name.elementsEqual(Self.frameName.utf8): self = .frame
        default: self = .metric
        }
    }

    package init(_ name: String) { self = Array(name.utf8).withUnsafeBytes { MetricsColumnRole($0) } }

    /// Whether the column is one of Rundir's own, which frames contain only on request.
    package var isHidden: Bool { self == .time || self == .frame }
    /// Whether it may hold the rows' axis.
    package var isKey: Bool { self == .step || self == .epoch }
}
