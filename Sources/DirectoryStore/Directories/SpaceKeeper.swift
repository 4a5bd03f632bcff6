internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// Measures the disk space of all runs, again and again, if it is bounded (`SpaceUse`): after the start no run has been
/// measured, and later other programs may have written to them. On a thread of its own.
final class SpaceKeeper: @unchecked Sendable {
    // Sendable: `thread` is set once, before the keeper is shared; the rest is constant or guards itself.

    /// Seconds between two rounds: this many, or this many times the duration of the last one. When all runs together
    /// are full, the next round comes sooner.
    private static let interval = 60.0
    private static let pause = 50.0
    private static let fullInterval = 1.0
    private static let fullPause = 5.0
    /// Runs that are measured before their results are compared with the writes made meanwhile.
    private static let batch = 256

    private let paths: RunPaths
    private let bell: Doorbell
    private let exclusively: @Sendable (@escaping @Sendable (SpaceUse) -> [String: Int]) -> [String: Int]
    private let stopping = Flag()
    private var thread: Thread?

    /// - Parameter exclusively: runs a closure while nothing is being committed
    init(
        _ paths: RunPaths, bell: Doorbell,
        exclusively: @escaping @Sendable (@escaping @Sendable (SpaceUse) -> [String: Int]) -> [String: Int]
    ) {
        (self.paths, self.bell, self.exclusively) = (paths, bell, exclusively)
        thread = Thread(named: "space", .low) { self.keep() }
    }

    /// Ends the thread.
    func stop() {
        stopping.set()
        bell.ring()
        thread?.join()
    }

    private func keep() {
        while !stopping.isSet {
            let start = monotonicNanoseconds()
            lookAtAll()
            let seconds = Double(monotonicNanoseconds() - start) / 1e9
            wait(max(Self.interval, seconds * Self.pause), ifFull: max(Self.fullInterval, seconds * Self.fullPause))
        }
    }

    private func wait(_ seconds: Double, ifFull least: Double) {
        let start = monotonicNanoseconds()
        bell.wait(seconds: seconds)
        let left = least - Double(monotonicNanoseconds() - start) / 1e9
        if !stopping.isSet, left > 0 { bell.wait(seconds: left) }
    }

    private func lookAtAll() {
        var names = Set(exclusively { space in space.folders.mapValues(\.writes) }.keys)
        for place in IndexNames.places {
            let found = (try? Files.names(in: paths.container(place))) ?? []
            names.formUnion(found.filter { RunID($0) != nil || $0.hasPrefix(RunLayout.sessionMark) })
        }
        let all = Array(names)
        for start in stride(from: 0, to: all.count, by: Self.batch) where !stopping.isSet {
            look(at: Array(all[start..<min(start + Self.batch, all.count)]))
        }
    }

    private func look(at names: [String]) {
        let writes = exclusively { space in
            names.reduce(into: [:]) { writes, name in writes[name] = space.folders[name]?.writes }
        }
        let found = names.compactMap { name -> (name: String, bytes: Int?)? in
            if stopping.isSet { return nil }
            // If it cannot be read now, the previous result stays.
            do { return (name, try SpaceUse.bytes(of: name, paths)) } catch { return nil }
        }
        _ = exclusively { space in
            for (name, bytes) in found { space.note(name, bytes, writes: writes[name]) }
            return [:]
        }
    }
}
