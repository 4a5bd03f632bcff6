internal import Glibc
package import RunMetadata

/// Ids that a store makes: the time in UTC, as tfruns makes them. If that is taken, a number of four digits follows, so
/// that names sort by time.
extension RunID {
    /// `%Y-%m-%dT%H-%M-%SZ` (strftime(3)).
    /// - Parameter seconds: since 1970
    package static func stamp(of seconds: Double) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H-%M-%SZ", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The id of one of the runs of a second, counted from 1.
    package init?(stamp: String, number: Int) {
        let digits = String(number)
        self.init(
            number == 1 ? stamp : "\(stamp)-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
    }
}
