/// ISO 8601 times in the extended format: a date, or a date and a time of day after `T` or a space. Seconds and their
/// fraction are optional. UTC unless a zone follows (`Z`, `+01:00`, `-0800`).
package enum ISOTime {
    /// Seconds since 1970 of the years 1 to 9999.
    package static let range = -62_135_596_800.0...253_402_300_799.999_999

    /// Seconds since 1970; nil if the text is not such a time.
    package static func seconds(_ text: String) -> Double? {
        var rest = Reader(rest: text.utf8[...])
        guard let year = rest.number(4), rest.take("-"), let month = rest.number(2), rest.take("-"),
            let day = rest.number(2), year > 0, (1...12).contains(month),
            (1...Self.days(in: month, of: year)).contains(day)
        else { return nil }
        let days = Double(Self.days(year, month, day))
        if rest.isAtEnd { return days * 86_400 }
        guard rest.take("T") || rest.take("t") || rest.take(" "), let hour = rest.number(2), rest.take(":"),
            let minute = rest.number(2), hour < 24, minute < 60
        else { return nil }
        var seconds = 0.0
        if rest.take(":") {
            // 60: a leap second.
            guard let whole = rest.number(2), whole <= 60 else { return nil }
            seconds = Double(whole)
            if rest.take(".") || rest.take(",") {
                guard let fraction = rest.fraction() else { return nil }
                seconds += fraction
            }
        }
        guard let zone = rest.zone(), rest.isAtEnd else { return nil }
        return days * 86_400 + Double(hour * 3600 + minute * 60 - zone) + seconds
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970 in the Gregorian calendar. Years begin in March here, so that a leap day is the last day.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let years = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return years * 365 + years / 4 - years / 100 + years / 400 + dayOfYear - 719_468
    }

    private struct Reader {
        var rest: Substring.UTF8View

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func digits() -> Substring.UTF8View {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            rest = rest[digits.endIndex...]
            return digits
        }

        /// A number of exactly `count` digits.
        mutating func number(_ count: Int) -> Int? {
            let all = rest
            let digits = digits().prefix(count)
            rest = all[digits.endIndex...]
            return digits.count == count ? Int(Substring(digits)) : nil
        }

        mutating func fraction() -> Double? {
            let digits = digits()
            return digits.isEmpty ? nil : Double("0." + String(Substring(digits)))
        }

        /// Seconds east of UTC.
        mutating func zone() -> Int? {
            if isAtEnd || take("Z") || take("z") { return 0 }
            let isEast = take("+")
            guard isEast || take("-"), let hours = number(2), hours < 24 else { return nil }
            let minutes = isAtEnd ? 0 : take(":") ? number(2) : number(2)
            guard let minutes, minutes < 60 else { return nil }
            return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
        }
    }
}
