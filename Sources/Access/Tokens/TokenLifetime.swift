internal import RunMetadata

/// How long a token lives, as a person writes it: `12h`, `30d`, `4w`, or the date or time of its end.
package enum TokenLifetime {
    /// The rule, in words for the person who broke it.
    package static let rule = "it has to be a time to come, as in 12h, 30d, 4w, 2027-01-31 or 2027-01-31T12:00:00Z"

    private static let units: [Character: Double] = ["m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    /// A hundred years, seconds.
    private static let longest = 36_525.0 * 86_400

    /// A past time, in the same notation: `12h` ago, or the date or time itself; nil if the text is not one.
    package static func start(_ text: String, until now: Double) -> Double? {
        if let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count > 0 {
            return now - Double(count) * unit
        }
        return ISOTime.seconds(text).flatMap { $0 <= now ? $0 : nil }
    }

    /// The end, in whole seconds since 1970; nil if the text is not a future time.
    package static func end(_ text: String, from now: Double) -> Double? {
        let seconds: Double
        if let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count > 0 {
            seconds = now + Double(count) * unit
        } else if let time = ISOTime.seconds(text) {
            seconds = time
        } else {
            return nil
        }
        guard seconds > now, seconds <= now + longest else { return nil }
        return seconds.rounded(.up)
    }
}
