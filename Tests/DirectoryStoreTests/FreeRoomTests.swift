import LocalFiles
import Testing

@testable import DirectoryStore

@Suite struct FreeRoomTests {
    /// A disk, and how often it was asked.
    private final class Disk {
        var free: UInt64?
        private(set) var asked = 0

        init(free: UInt64?) { self.free = free }

        func ask() -> UInt64? {
            asked += 1
            return free
        }
    }

    private static let gigabyte: UInt64 = 1 << 30

    @Test func aDiskWithMuchRoomIsAskedOnce() {
        let disk = Disk(free: 1000 + Self.gigabyte)
        var room = FreeRoom(lifetime: .max / 2, asking: disk.ask)
        for _ in 0..<90 { #expect(room.lacks(10, beside: 100) == nil) }
        #expect(disk.asked == 1)
        #expect(room.lacks(10, beside: 100) == nil)
        #expect(disk.asked == 2)
    }

    @Test func aDiskThatOthersMightFillIsAskedEachTime() {
        let disk = Disk(free: Self.gigabyte)
        var room = FreeRoom(lifetime: .max / 2, asking: disk.ask)
        #expect(room.lacks(10, beside: 100) == nil)
        disk.free = 105
        #expect(room.lacks(10, beside: 100) == 105)
        disk.free = 110
        #expect(room.lacks(10, beside: 100) == nil)
        #expect(disk.asked == 3)
    }

    @Test func whatADiskSaidGrowsOld() {
        let disk = Disk(free: 4 * Self.gigabyte)
        var room = FreeRoom(lifetime: 0, asking: disk.ask)
        #expect(room.lacks(10, beside: 100) == nil)
        disk.free = 20
        #expect(room.lacks(10, beside: 100) == 20)
    }

    @Test func aDiskThatDoesNotSayLacksNothing() {
        var room = FreeRoom(asking: { nil })
        #expect(room.lacks(1 << 40, beside: 0) == nil)
    }
}
