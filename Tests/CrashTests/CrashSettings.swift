import Foundation
import Synchronization
import TestSupport
import Testing

/// How long the suite is: short by default, and as the environment says.
enum CrashSettings {
    /// Cycles of load and `kill -9`.
    static let kills = number("RUNDIR_CRASH_KILLS") ?? 50
    /// Kills of PostgreSQL, or of one of two servers on it.
    static let databaseKills = number("RUNDIR_CRASH_DATABASE_KILLS") ?? 5
    /// Power cuts of a real file system.
    static let powerCuts = number("RUNDIR_CRASH_POWER_CUTS") ?? 10
    /// Faults of each kind that a scripted run meets; 0: one at each call.
    static let faults = number("RUNDIR_CRASH_FAULTS") ?? 4
    /// The kinds of them, by name.
    static let faultKinds: [FaultLayer.Kind] = {
        let names = ProcessInfo.processInfo.environment["RUNDIR_CRASH_FAULT_KINDS"]?.split(separator: " ")
        return names.map { $0.compactMap { FaultLayer.Kind(rawValue: String($0)) } } ?? FaultLayer.Kind.allCases
    }()
    /// Power cuts of the modelled disk, each way; 0: one after each change.
    static let modelCuts = number("RUNDIR_CRASH_MODEL_CUTS") ?? 12
    /// Requests of all kinds, from clients that vanish, stall and lie among others.
    static let requests = number("RUNDIR_CRASH_REQUESTS") ?? 12_000
    /// Bits of the journal that are flipped, one at a time.
    static let flips = number("RUNDIR_CRASH_FLIPS") ?? 10_000
    /// Journals that are damaged and given to a server.
    static let damagedStarts = number("RUNDIR_CRASH_DAMAGED_STARTS") ?? 20
    /// Another one each time; `RUNDIR_SEED` runs one again.
    static let seed = number("RUNDIR_SEED").map { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    /// Whether a suite ends with the first fault that it finds.
    static let stopsAtFirst = number("RUNDIR_CRASH_STOPS_AT_FIRST") != 0
    /// Whether all suites end when one of them has found a fault: enough to know of a variant that it is caught.
    private static let stopsAll = number("RUNDIR_CRASH_STOPS_AT_FIRST") == 2
    private static let hasCaught = Mutex(false)

    /// Whether nothing more need be done.
    static var isOver: Bool { stopsAll && hasCaught.withLock { $0 } }

    /// A file to which each suite adds a line that says how far it came.
    private static let reportFile = ProcessInfo.processInfo.environment["RUNDIR_CRASH_REPORT"]

    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    /// Says what was done, on standard output and in the report.
    static func say(_ line: String) {
        print(line)
        guard let reportFile else { return }
        let file = open(reportFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    /// Fails a test that found something, and says when: no further cycle is needed.
    static func report(_ faults: [String], _ round: String) {
        if isOver { return }
        hasCaught.withLock { $0 = true }
        say("caught: \(round)")
        for fault in faults.prefix(10) { Issue.record("\(round): \(fault)") }
    }

    /// Where a size is 0: which of so many parts of all is taken, as `3/8`.
    private static let part: (number: Int, of: Int) = {
        let words = ProcessInfo.processInfo.environment["RUNDIR_CRASH_PART"]?.split(separator: "/").compactMap {
            Int($0)
        }
        return words.map { $0.count == 2 ? ($0[0], $0[1]) : (1, 1) } ?? (1, 1)
    }()

    /// A sample of the numbers up to a last one, in order; all of them, or of a part, where `size` is 0.
    static func sample(_ size: Int, upTo last: Int, _ numbers: inout SeededNumbers) -> [Int] {
        if size == 0 { return (1...last).filter { $0 % part.of == part.number % part.of } }
        return (0..<size).map { _ in Int.random(in: 1...last, using: &numbers) }.sorted()
    }
}
