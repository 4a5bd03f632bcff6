import Foundation
import JSON
import TestSupport
import Testing

@testable import DirectoryStore

/// A journal that is cut or damaged yields an exact prefix of what was written, or a loud refusal.
@Suite struct JournalDamageTests {
    private let journal: JournalSample

    init() throws { journal = try JournalSample() }

    @Test("A journal that is cut at any byte", arguments: JournalSample.Form.allCases)
    func aCutAtAnyByteLeavesAPrefix(_ form: JournalSample.Form) throws {
        for segment in 0..<journal.segments(form).count {
            for length in 0...journal.segments(form)[segment].bytes.count {
                var segments = journal.segments(form)
                segments[segment].bytes.removeSubrange(length...)
                let fault = try journal.fault(of: segments)
                if let fault { return CrashSettings.report([fault], "journal, \(form), \(segment) cut at \(length)") }
            }
        }
        CrashSettings.say("journal, \(form): cut at each of \(journal.length) bytes")
    }

    @Test("A journal with any bit flipped", arguments: JournalSample.Form.allCases)
    func aFlippedBitLeavesAPrefix(_ form: JournalSample.Form) throws {
        let seed = CrashSettings.seed
        var numbers = SeededNumbers(seed: seed)
        for cycle in 0..<CrashSettings.flips / JournalSample.Form.allCases.count where !CrashSettings.isOver {
            var segments = journal.segments(form)
            let place = JournalSample.flip(&segments, &numbers)
            let fault = try journal.fault(of: segments)
            if let fault {
                let what = "journal, \(form): RUNDIR_SEED=\(seed), flip of \(place), cycle \(cycle + 1)"
                return CrashSettings.report([fault], what)
            }
        }
        CrashSettings.say("journal, \(form): \(CrashSettings.flips / JournalSample.Form.allCases.count) flips")
    }

    /// The same with a server: it comes up and serves, or says what is damaged and ends.
    @Test func aServerComesUpOrSaysWhatIsDamaged() throws {
        let seed = CrashSettings.seed
        var numbers = SeededNumbers(seed: seed)
        for cycle in 0..<CrashSettings.damagedStarts where !CrashSettings.isOver {
            var segments = journal.segments(cycle % 2 == 0 ? .one : .several)
            let place = JournalSample.flip(&segments, &numbers)
            let runs = TemporaryFolder()
            // Nothing but the journal: what it holds is made of it.
            try Command.succeed("mkdir", "-p", "\(runs.path)/.rundir/journal")
            try JournalSample.write(segments, "\(runs.path)/.rundir/journal")
            do {
                let fault = try journal.fault(of: Server(runs: runs.path))
                if let fault {
                    let what = "journal: RUNDIR_SEED=\(seed), flip of \(place), cycle \(cycle + 1)"
                    return CrashSettings.report([fault], what)
                }
            } catch let failure as Server.Failure {
                let isPlanned = failure.ending == .exited(1) && failure.description.contains("is damaged at byte")
                #expect(isPlanned, "RUNDIR_SEED=\(seed), flip of \(place), cycle \(cycle + 1): \(failure)")
            }
        }
        CrashSettings.say("journal: \(CrashSettings.damagedStarts) servers started on a damaged one")
    }
}

/// The journal of a server that was killed.
struct JournalSample {
    /// How the frames are laid out.
    enum Form: CaseIterable {
        case one, several
    }

    /// A segment's file.
    struct Segment {
        let name: String
        var bytes: [UInt8]
    }

    /// The runs directory that the server left.
    let runs = TemporaryFolder()
    private let whole: [[RedoRecord]]
    private let frames: [(sequence: UInt64, bytes: [UInt8])]

    var length: Int { frames.reduce(0) { $0 + $1.bytes.count } }

    init() throws {
        let server = try Server(runs: runs.path)
        let client = try server.connect()
        for number in 0..<12 {
            _ = try client.sendJSON("POST", "/runs/run/metadata/metrics", #"{"epoch": \#(number), "loss": 1}"#)
            if number == 3 { _ = try client.send("PUT", "/runs/run") }
            if number % 3 == 0 { _ = try client.sendJSON("PATCH", "/runs/run/metadata/flags", #"{"a": \#(number)}"#) }
        }
        try server.crash()
        let journal = "\(runs.path)/.rundir/journal"
        whole = try JournalRecovery(directory: journal).writes
        let file = try #require(DirectoryTree(journal).files.first)
        frames = (contents(of: "\(journal)/\(file)") ?? []).withUnsafeBytes { segment in
            var frames: [(UInt64, [UInt8])] = []
            var offset = 0
            while let frame = JournalFrame.read(segment, at: offset) {
                frames.append((frame.sequence, Array(segment[offset..<offset + frame.size])))
                offset += frame.size
            }
            return frames
        }
        #expect(whole.count == 17 && frames.count == 17)
    }

    /// The segments as they were, or as if they had been smaller.
    func segments(_ form: Form) -> [Segment] {
        let size = form == .one ? frames.count : 5
        return stride(from: 0, to: frames.count, by: size).map { first in
            let part = frames[first..<min(first + size, frames.count)]
            return Segment(name: Journal.segmentName(part[first].sequence), bytes: Array(part.map(\.bytes).joined()))
        }
    }

    /// Flips one bit somewhere.
    /// - Returns: where
    static func flip(_ segments: inout [Segment], _ numbers: inout SeededNumbers) -> String {
        let segment = Int.random(in: 0..<segments.count, using: &numbers)
        let byte = Int.random(in: 0..<segments[segment].bytes.count, using: &numbers)
        let bit = Int.random(in: 0..<8, using: &numbers)
        segments[segment].bytes[byte] ^= 1 << UInt8(bit)
        return "\(segments[segment].name), byte \(byte), bit \(bit)"
    }

    /// Writes segments in the place of those that are there.
    static func write(_ segments: [Segment], _ journal: String) throws {
        for name in DirectoryTree(journal).files { unlink("\(journal)/\(name)") }
        for segment in segments {
            try Data(segment.bytes).write(to: URL(fileURLWithPath: "\(journal)/\(segment.name)"))
        }
    }

    /// What is wrong with what a server has made of a journal; nil where that is what was written, up to some write.
    func fault(of server: Server) throws -> String? {
        let client = try server.connect()
        let run = try client.send("GET", "/runs/run")
        if run.status == 404 { return nil }
        guard run.status == 200 else { return "/runs/run got \(run.status): \(run.text)" }
        let frame = try client.send("GET", "/runs/run/metadata/metrics").json
        let epochs = frame["epoch"]?.array?.compactMap { $0.number?.int } ?? []
        let losses = frame["loss"]?.array?.compactMap { $0.number?.text } ?? []
        if epochs != Array(0..<epochs.count) || losses != epochs.map({ _ in "1" }) {
            return "rows: \(epochs) \(losses)"
        }
        let flags = try client.send("GET", "/runs/run/metadata/flags")
        let last = (epochs.count - 1) / 3 * 3
        let mayBe = [last, last - 3].map { "\($0)" }
        let flag = try flags.status == 404 ? nil : flags.json["a"]?.number?.text
        return flag.map(mayBe.contains) ?? (epochs.count < 2) ? nil : "flags: \(flags.text)"
    }

    /// What is wrong with what is recovered of segments: nil where it is a prefix of what was written, or a refusal.
    func fault(of segments: [Segment]) throws -> String? {
        let folder = TemporaryFolder()
        try Self.write(segments, folder.path)
        do {
            let writes = try JournalRecovery(directory: folder.path).writes
            return writes == Array(whole.prefix(writes.count)) ? nil : "\(writes.count) writes that are no prefix"
        } catch is JournalRecovery.Damage { return nil }
    }
}
