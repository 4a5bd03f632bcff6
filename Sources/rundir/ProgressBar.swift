import Glibc
import Synchronization

/// A progress bar on standard error; nothing if that is not a terminal (isatty(3)).
final class ProgressBar: Sendable {
    private static let width = 40
    private let isShown = isatty(2) == 1
    private let begun = ContinuousClock.now
    /// The last step drawn, and of how many runs.
    private let drawn = Mutex((step: -1, total: 0))

    /// Draws the bar if it has changed. May be called from any thread.
    func show(_ done: Int, of total: Int) {
        guard isShown, total > 0 else { return }
        // In steps finer than a cell, so that the numbers move too.
        let step = done * Self.width * 5 / total
        drawn.withLock { drawn in
            guard step > drawn.step || total != drawn.total else { return }
            drawn = (step, total)
            let filled = done * Self.width / total
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
            let elapsed = ContinuousClock.now - begun
            let left = done == 0 ? Duration.zero : elapsed * (Double(total - done) / Double(done))
            write("\r[\(bar)] \(done) of \(total) runs, \(left.components.seconds) s left   ")
        }
    }

    /// Erases the bar.
    func end() { if isShown { write("\r\u{1B}[K") } }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }
}
