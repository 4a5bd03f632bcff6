import Glibc
import LocalFiles
import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct NameWatchTests {
    private let folder = TemporaryFolder()
    private let watch: NameWatch
    private let descriptor: CInt
    private let path: String

    init() throws {
        watch = try #require(NameWatch())
        folder.write("file", "text")
        path = folder.path + "/file"
        descriptor = try Files.open(path, O_RDWR)
    }

    /// A mark of the file that has been looked at.
    private func calmMark() throws -> NameWatch.Mark {
        let mark = try #require(watch.add(descriptor))
        #expect(mark.isSuspect)
        mark.isSuspect = false
        watch.look()
        #expect(!mark.isSuspect)
        return mark
    }

    @Test func aFileThatLosesItsNameIsSuspectAndSoIsOneThatAnotherTakesThePlaceOf() throws {
        let mark = try calmMark()
        #expect(unlink(path) == 0)
        watch.look()
        #expect(mark.isSuspect)

        folder.write("file", "")
        folder.write("other", "")
        let second = try Files.open(path, O_RDWR)
        defer { close(second) }
        let replaced = try #require(watch.add(second))
        replaced.isSuspect = false
        #expect(rename(folder.path + "/other", path) == 0)
        watch.look()
        #expect(replaced.isSuspect)
    }

    @Test func itIsSeenWhereTheFileHasBeenMovedToAndEachTimeAnew() throws {
        let mark = try calmMark()
        folder.write("elsewhere/other", "")
        #expect(rename(path, folder.path + "/elsewhere/file") == 0)
        watch.look()
        mark.isSuspect = false
        #expect(chmod(folder.path + "/elsewhere/file", 0o600) == 0)
        watch.look()
        #expect(mark.isSuspect)
        mark.isSuspect = false
        #expect(unlink(folder.path + "/elsewhere/file") == 0)
        watch.look()
        #expect(mark.isSuspect)
    }

    @Test func writingIsNoReasonToLook() throws {
        let mark = try calmMark()
        try Files.write(Array("more".utf8), to: descriptor, at: 4, path: path)
        #expect(fsync(descriptor) == 0)
        #expect(ftruncate(descriptor, 2) == 0)
        watch.look()
        #expect(!mark.isSuspect)
    }

    @Test func aFileIsWatchedOnceUntilItsMarkIsRemoved() throws {
        let mark = try calmMark()
        #expect(watch.add(descriptor) == nil)
        watch.remove(mark)
        #expect(unlink(path) == 0)
        watch.look()
        #expect(!mark.isSuspect)
        let second = try calmMark()
        #expect(second !== mark)
    }

    @Test func whereMoreHappensThanTheQueueHoldsEveryFileIsSuspect() throws {
        let mark = try calmMark()
        folder.write("second", "")
        let second = try Files.open(folder.path + "/second", O_RDWR)
        defer { close(second) }
        let other = try #require(watch.add(second))
        other.isSuspect = false
        let limit = try Self.eventsAQueueHolds()
        // In turn with another watched file: events that are alike are queued once.
        folder.write("third", "")
        let third = try Files.open(folder.path + "/third", O_RDWR)
        defer { close(third) }
        _ = try #require(watch.add(third))
        for round in 0...limit { fchmod(round.isMultiple(of: 2) ? second : third, 0o600) }
        #expect(!mark.isSuspect)
        watch.look()
        #expect(mark.isSuspect)
    }

    /// `fs.inotify.max_queued_events`, a file whose size is not told.
    private static func eventsAQueueHolds() throws -> Int {
        let file = try Files.open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY)
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 32)
        let count = read(file, &text, text.count)
        return try #require(Int(String(decoding: text[..<max(count - 1, 0)], as: UTF8.self)))
    }
}
