internal import Glibc
internal import Synchronization

/// Times for file names: UTC, to the microsecond, increasing, each used once.
enum FileTime {
    private static let last = Mutex(0)

    /// `2026-11-24T09-30-00.125000Z` (strftime(3)).
    static func next() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let microseconds = last.withLock { last in
            last = max(last + 1, Int(now.tv_sec) * 1_000_000 + Int(now.tv_nsec) / 1000)
            return last
        }
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H-%M-%S", &parts)
        let stamp = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fraction = String(microseconds % 1_000_000)
        return "\(stamp).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)Z"
    }
}
