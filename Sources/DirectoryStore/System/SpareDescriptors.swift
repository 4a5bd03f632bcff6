internal import Glibc
internal import LocalFiles

/// Descriptors that are held open for nothing, so that there are some for what must not fail when all others are in use.
///
/// Used by one thread at a time.
final class SpareDescriptors {
    private let count: Int
    private var spares: [CInt] = []

    /// - Parameter count: how many; fewer where the process may have few at all
    init(count: Int) {
        self.count = min(count, max(2, Files.mostOpen / 8))
        _ = refill()
    }

    deinit { _ = giveUp() }

    /// Whether all are held.
    var isFull: Bool { spares.count == count }

    /// Closes all that are held.
    /// - Returns: whether there were any
    func giveUp() -> Bool {
        defer { spares.removeAll() }
        for spare in spares { close(spare) }
        return !spares.isEmpty
    }

    /// Opens those that were given up.
    /// - Returns: whether all are held now
    func refill() -> Bool {
        while spares.count < count {
            let spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if spare < 0 { return false }
            spares.append(spare)
        }
        return true
    }

    /// Does something, and does it again without the spares where there were too few descriptors.
    func lending<Result>(_ body: () throws(FileFailure) -> Result) throws(FileFailure) -> Result {
        do throws(FileFailure) { return try body() } catch {
            guard error.isShortage, giveUp() else { throw error }
            return try body()
        }
    }
}
