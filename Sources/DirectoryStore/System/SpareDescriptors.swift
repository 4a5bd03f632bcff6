internal import Glibc
internal import LocalFiles

/// Descriptors that are kept open in reserve, for operations that must not fail when all others are in use.
///
/// Used by one thread at a time.
final class SpareDescriptors {
    private let count: Int
    private var spares: [CInt] = []

    /// - Parameter count: how many; fewer if the process may only have few
    init(count: Int) {
        self.count = min(count, max(2, Files.mostOpen / 8))
        _ = refill()
    }

    deinit { _ = giveUp() }

    /// Whether all are held.
    var isFull: Bool { spares.count == count }

    /// Closes all spares.
    /// - Returns: whether there were any
    func giveUp() -> Bool {
        defer { spares.removeAll() }
        for spare in spares { close(spare) }
        return !spares.isEmpty
    }

    /// Opens the spares that were given up.
    /// - Returns: whether all are held now
    func refill() -> Bool {
        while spares.count < count {
            let spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if spare < 0 { return false }
            spares.append(spare)
        }
        return true
    }

    /// Runs a closure; if there are too few descriptors, again without the spares.
    func lending<Result>(_ body: () throws(FileFailure) -> Result) throws(FileFailure) -> Result {
        do throws(FileFailure) { return try body() } catch {
            guard error.isShortage, giveUp() else { throw error }
            return try body()
        }
    }
}
