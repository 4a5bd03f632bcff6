internal import Glibc
internal import Limits

/// A buffer for a part of a body. The polling thread fills it, the sink takes it, and it is filled again.
final class BodyPart: @unchecked Sendable {
    // Sendable: one thread owns it, the polling thread while it fills, then the sink's. The stream's mutex hands it
    // over.

    /// Bytes at which a part is handed to an idle sink.
    static let enough = 256 << 10
    /// Bytes to which a part may grow while the sink is busy with another one.
    static let most = 1 << 20

    /// Bytes of room beyond the limit: what libmicrohttpd may hand over before the connection is suspended.
    private let slack: Int
    /// Bytes at which it is full.
    private(set) var limit = BodyPart.enough
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    /// Its share of the memory for large parts; nil while it is small.
    private var growth: Reserve.Share?

    init(slack: Int) {
        self.slack = slack
        memory = Self.map(Self.enough + slack)
    }

    deinit { munmap(memory.baseAddress, memory.count) }

    var isFull: Bool { count >= limit }

    /// The bytes that it holds.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func clear() { count = 0 }

    /// Appends bytes.
    func append(_ bytes: UnsafeRawBufferPointer) {
        if count + bytes.count > memory.count { move(to: count + bytes.count + slack) }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Makes it large, once, if there is memory for that.
    /// - Returns: false if it is large already, or there is no memory
    func grow(from reserve: Reserve) -> Bool {
        guard growth == nil, let share = try? reserve.share(Self.most - Self.enough) else {
            return false
        }
        growth = share
        limit = Self.most
        move(to: Self.most + slack)
        return true
    }

    private func move(to size: Int) {
        let larger = Self.map(size)
        larger.copyMemory(from: bytes)
        munmap(memory.baseAddress, memory.count)
        memory = larger
    }

    /// Memory of its own, which goes back to the system with the part (mmap(2)). The C library would keep the memory of
    /// many uploads.
    private static func map(_ size: Int) -> UnsafeMutableRawBufferPointer {
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { fatalError("mmap: \(String(cString: strerror(errno)))") }
        return UnsafeMutableRawBufferPointer(start: start, count: size)
    }
}
