internal import Glibc

/// A megabyte of a body, more or less: memory that is filled, taken, and filled again.
final class BodyPart: @unchecked Sendable {
    // Sendable: one at a time has it, who fills it or who takes it; the stream's mutex hands it over.

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

    /// Takes bytes, no more than `slack`, while it is not full.
    func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Takes what a socket has, until it is full (recv(2)).
    /// - Returns: how many bytes; 0 where the peer sends no more, nil where there are none now
    func read(_ socket: CInt, atMost limit: Int) -> Int? {
        let room = min(limit, Self.size - count)
        while true {
            let received = recv(socket, memory.baseAddress! + count, room, Int32(MSG_DONTWAIT))
            if received >= 0 {
                count += received
                return received
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: return 0
            }
        }
    }
}
