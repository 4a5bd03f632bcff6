internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// Looks at all runs, again and again, for what they take on the disk, where that is bounded (`SpaceUse`): after the
/// start every run is new, and later something else may have written to them. On a thread of its own.
final class SpaceKeeper: @unchecked Sendable {
    // Sendable: `thread` is set once, before the keeper is shared; the rest is constant or guards itself.

    /// Seconds between two rounds: this many, or this many times what the last one took. When all runs together are
    /// full, the next one comes sooner.
    private static let interval = 60.0
    private static let pause = 50.0
    private static let fullInterval = 1.0
    private static let fullPause = 5.0
    /// Runs that are looked at between two looks at what was written meanwhile.
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
            // What cannot be read now stays as it was.
            do { return (name, try SpaceUse.bytes(of: name, paths)) } catch { return nil }
        }
        _ = exclusively { space in
            for (name, bytes) in found { space.note(name, bytes, writes: writes[name]) }
            return [:]
        }
    }
}
