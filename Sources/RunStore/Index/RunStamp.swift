internal import CLinux
internal import Glibc
internal import RunMetadata

/// Tells whether anything that a listing shows of a run has changed: a number made of the sizes and times of change of its
/// files. Of those the time of change (`st_ctime`) cannot be set by anyone, so that `rsync` and `cp -p` are noticed too.
struct RunStamp: Equatable, Sendable {
    let value: UInt64

    /// A stamp that no run has: to be looked at again.
    static let unknown = RunStamp(value: 0)

    init(value: UInt64) { self.value = value }

    /// Looks at a data directory.
    init(of data: String) throws(FileFailure) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ number: Int) {
            hash = (hash ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
            hash ^= hash >> 29
        }
        func look(_ path: String) -> Bool {
            guard let status = Files.status(path) else {
                mix(1)
                return false
            }
            for number in [
                status.st_ctim.tv_sec, status.st_ctim.tv_nsec, Int(status.st_size),
                Int(truncatingIfNeeded: status.st_ino),
            ] { mix(number) }
            return true
        }
        _ = look(data)
        for path in [DataPath.flags, .evaluation, .error] { _ = look("\(data)/\(path)") }
        // Beside rows, the frame is a view of them.
        if !look("\(data)/\(DataPath.metricsRows)") { _ = look("\(data)/\(DataPath.metricsFrame)") }
        let properties = "\(data)/\(DataPath.properties)"
        if look(properties) {
            // In the directory's own order, which stays while nothing in it changes.
            for name in try Files.names(in: properties) { _ = look("\(properties)/\(name)") }
        }
        value = max(hash, 1)
    }
}
