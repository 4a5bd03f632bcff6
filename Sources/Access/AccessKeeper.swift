package import Logging
internal import Threads

/// Keeps an `AccessControl` up to date, on a thread of its own: a new or revoked token takes effect within half a
/// second. Also saves when tokens were last used.
package final class AccessKeeper: Sendable {
    private let control: AccessControl
    private let log: Logger
    private let bell = Doorbell()
    private let stopping = Flag()
    private let ended = Gate()

    /// Seconds between two checks of the file, and checks between two writes of the last uses.
    private static let interval = 0.5
    private static let looksPerWrite = 120

    /// Starts the thread; `stop()` ends it.
    package init(_ control: AccessControl, log: Logger = Logger(label: "access")) {
        (self.control, self.log) = (control, log)
        Thread(named: "access") { [self] in
            work()
            ended.open()
        }.detach()
    }

    /// Ends the thread, and saves the last uses.
    package func stop() {
        stopping.set()
        bell.ring()
        _ = ended.wait(seconds: 5)
    }

    private func work() {
        var kept: [String: Double] = [:]
        var looks = 0
        while !stopping.isSet {
            bell.wait(seconds: Self.interval)
            control.refresh()
            looks += 1
            if looks % Self.looksPerWrite == 0 { keepUses(&kept) }
        }
        keepUses(&kept)
    }

    /// Writes the last uses if there are new ones. They are only information for people, so a failure is logged and
    /// ignored.
    private func keepUses(_ kept: inout [String: Double]) {
        let uses = control.lastUses
        guard !uses.isEmpty, uses != kept else { return }
        let present = control.tokenIDs
        let all = control.fileUses.filter { present.contains($0.key) }.merging(uses) { max($0, $1) }
        do {
            try control.write(lastUses: all)
            kept = uses
        } catch {
            log.warning("cannot keep when tokens were used: \(error)")
        }
    }
}
