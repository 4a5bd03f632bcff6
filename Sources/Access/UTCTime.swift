internal import Glibc

/// Times in the format of the token file and the audit log: `2026-11-24T09:30:00Z`.
package enum UTCTime {
    /// - Parameter seconds: since 1970; fractions are dropped
    package static func text(_ seconds: Double) -> String { text(seconds, "%Y-%m-%dT%H:%M:%SZ") }

    /// As part of a file's name: `2026-11-24T09-30-00Z`.
    static func name(_ seconds: Double) -> String { text(seconds, "%Y-%m-%dT%H-%M-%SZ") }

    /// strftime(3).
    private static func text(_ seconds: Double, _ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 40)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
