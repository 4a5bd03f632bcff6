internal import Glibc

/// A megabyte of a body, more or less: memory that is filled, taken, and filled again.
final class BodyPart: @unchecked Sendable {
    // Sendable: the memory is one's at a time, who fills it or who takes it; `count` changes under the stream's mutex only,
    // which hands the part over.

    /// Bytes from which on it is full.
    static let size = 1 << 20

    /// Bytes of room behind that, for the last that is appended.
    let slack: Int
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(slack: Int) {
        self.slack = slack
        memory = .allocate(byteCount: Self.size + slack, alignment: 64)
    }

    deinit { memory.deallocate() }

    var isFull: Bool { count >= Self.size }

    /// What is in it.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func clear() { count = 0 }

    /// Counts bytes that were put behind those that are in it.
    func add(_ size: Int) { count += size }

    /// Puts bytes behind those that are in it, no more than `slack`, while it is not full. They are still to be counted.
    func put(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
    }

    /// Puts what a socket has behind them, as far as it is not full (recv(2)), likewise.
    /// - Returns: how many bytes; 0 where the peer sends no more, nil where there are none now
    func read(_ socket: CInt, atMost limit: Int) -> Int? {
        let room = min(limit, Self.size - count)
        while true {
            let received = recv(socket, memory.baseAddress! + count, room, Int32(MSG_DONTWAIT))
            if received >= 0 { return received }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: return 0
            }
        }
    }
}
