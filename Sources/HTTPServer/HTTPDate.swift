internal import CLinux
internal import Glibc

/// Dates as HTTP writes them, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
package enum HTTPDate {
    private static let format = "%a, %d %b %Y %H:%M:%S GMT"

    /// The text of a time, in whole seconds since 1970 (strftime(3), in the C locale, which the process never leaves
    /// for dates).
    package static func text(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The time of a text, in whole seconds since 1970 (strptime(3)); nil if it is no such date. The two obsolete forms
    /// are not read: a condition with an unreadable date is ignored.
    package static func seconds(_ text: String) -> Int? {
        let seconds = clinux_read_time(text, format)
        return seconds == .min ? nil : Int(seconds)
    }
}
