internal import Glibc
internal import Threads

/// Reads a connection for libmicrohttpd (0.9.75), and passes on sound requests only. libmicrohttpd by itself accepts
/// many malformed heads, and reads a second request out of the body of the first.
///
/// It sits between the socket and the library (recv() in CMicroHTTPD). Sound bytes go on at once and in place. The
/// beginning of a head or of a chunk's size is kept until the whole of it can be checked. A refused request is replaced
/// by one that no client can send (`marker`), so that its reply comes after those to earlier requests. What follows it
/// is discarded.
///
/// Used by the polling thread only.
final class RequestReader {
    /// Reads received bytes. Returns how many; 0 at the end of the stream; less than 0: an error.
    typealias Source = (UnsafeMutableRawPointer, Int) -> Int

    /// The target of the request that replaces a refused one: a control character, which no valid target has.
    static let marker = UInt8(1)
    /// Bytes that are read at a time after the beginning of a head.
    private static let step = 4096
    /// The most bytes of a large body that are read at a time: libmicrohttpd's own buffer is small
    /// (`ServerLimits.connectionMemory`).
    static let stride = 64 << 10

    /// Whether a short read means that the socket is empty (epoll(7)). Not with TLS, which reads record by record.
    private let isPlain: Bool
    private var framing: RequestFraming
    /// Bytes that are not checked yet, from `judged` on.
    private var held: [UInt8] = []
    private var judged = 0
    /// Sound bytes for which there was no room, from `taken` on.
    private var ready: [UInt8] = []
    private var taken = 0
    /// Why a request was refused; nothing after it is read.
    private(set) var refusal: HTTPFault?
    /// When the incomplete head began, nanoseconds, monotonic.
    private(set) var headBegan: UInt64?
    private var headNumber = -1
    /// Whether the current request was refused already, without libmicrohttpd (`DirectRefusal`).
    private var isGivenUp = false

    init(limits: ServerLimits, isPlain: Bool) {
        framing = RequestFraming(limits: limits)
        self.isPlain = isPlain
    }

    /// Whether bytes can be handed out without reading the socket.
    var hasBytes: Bool { taken < ready.count }

    /// A request has ended. If the next head has begun, its time counts from now.
    func restartHeadClock() { if headBegan != nil { headBegan = monotonicNanoseconds() } }

    /// Reads sound bytes, as recv(2) does.
    ///
    /// libmicrohttpd takes a short read as a sign that the socket is empty, and waits for an epoll(7) edge. So a read
    /// is short only if the socket is empty.
    /// - Parameter isGivenUp: whether the current request was refused already, without libmicrohttpd
    /// - Returns: bytes read; 0 at the end of the stream; less than 0: what the source returned
    func read(into buffer: UnsafeMutableRawPointer, _ room: Int, isGivenUp: Bool, from source: Source) -> Int {
        self.isGivenUp = isGivenUp
        var count = 0
        // The source's result once it has nothing more; a short read counts as -EAGAIN.
        var end: Int?
        while count < room {
            if hasBytes {
                count += takeReady(into: buffer + count, room - count)
            } else if refusal != nil {
                return count > 0 ? count : isGivenUp ? 0 : discard(buffer, room, source)
            } else if held.isEmpty {
                if end != nil { break }
                let (left, asked) = (framing.bodyLeft, room - count)
                if left > asked {
                    let ahead = min(left, Self.stride)
                    let size = readAhead(ahead, from: source)
                    if isEnd(size, of: ahead, hasRead: count > 0 || size > 0) { end = size }
                    continue
                }
                let size = source(buffer + count, asked)
                if size > 0 { count += judge(buffer + count, size) }
                if isEnd(size, of: asked, hasRead: count > 0) { end = size }
            } else if !judgeHeld() {
                if end != nil { break }
                let asked = min(room - count, Self.step)
                withUnsafeTemporaryAllocation(byteCount: asked, alignment: 1) { part in
                    let size = source(part.baseAddress!, asked)
                    if size > 0 { held.append(contentsOf: part[..<size]) }
                    if isEnd(size, of: asked, hasRead: count > 0) { end = size }
                }
            }
        }
        if count > 0 || room == 0 { return count }
        return end.map { $0 > 0 ? -Int(EAGAIN) : $0 } ?? -Int(EAGAIN)
    }

    /// Whether the source has nothing more for now.
    private func isEnd(_ size: Int, of asked: Int, hasRead: Bool) -> Bool {
        size <= 0 || (size < asked && (isPlain || hasRead))
    }

    /// Reads a part of a large body ahead, to be handed out piece by piece.
    /// - Returns: what the source returned
    private func readAhead(_ room: Int, from source: Source) -> Int {
        var size = 0
        ready = [UInt8](unsafeUninitializedCapacity: room) { part, count in
            size = source(part.baseAddress!, room)
            count = max(size, 0)
            if count > 0 { _ = framing.next(UnsafeRawBufferPointer(start: part.baseAddress, count: count)) }
        }
        return size
    }

    private func takeReady(into buffer: UnsafeMutableRawPointer, _ room: Int) -> Int {
        let count = min(room, ready.count - taken)
        ready.withUnsafeBytes { buffer.copyMemory(from: $0.baseAddress! + taken, byteCount: count) }
        taken += count
        if taken == ready.count { (ready, taken) = ([], 0) }
        return count
    }

    /// Checks bytes in place, and closes the gaps.
    /// - Returns: how many are sound. The rest is kept
    private func judge(_ bytes: UnsafeMutableRawPointer, _ size: Int) -> Int {
        var (read, written) = (0, 0)
        while read < size {
            switch framing.next(UnsafeRawBufferPointer(start: bytes + read, count: size - read)) {
            case .pass(let count):
                if written < read { memmove(bytes + written, bytes + read, count) }
                read += count
                written += count
            case .replace(let count, let replacement):
                read += count
                if written + replacement.count > read {
                    ready = replacement
                    hold(UnsafeRawBufferPointer(start: bytes + read, count: size - read))
                    return written
                }
                replacement.withUnsafeBytes {
                    if let base = $0.baseAddress { memcpy(bytes + written, base, $0.count) }
                }
                written += replacement.count
            case .more:
                hold(UnsafeRawBufferPointer(start: bytes + read, count: size - read))
                noteBeginning()
                return written
            case .refuse(let fault):
                refuse(fault)
                return written
            }
        }
        return written
    }

    private func hold(_ bytes: UnsafeRawBufferPointer) {
        held = Array(bytes)
        judged = 0
    }

    /// Checks the kept bytes, and moves the sound ones to `ready`.
    /// - Returns: false if more are needed
    private func judgeHeld() -> Bool {
        while judged < held.count {
            let step = held.withUnsafeBytes { framing.next(UnsafeRawBufferPointer(rebasing: $0[judged...])) }
            switch step {
            case .pass(let count):
                ready += held[judged..<judged + count]
                judged += count
            case .replace(let count, let replacement):
                ready += replacement
                judged += count
            case .more:
                held.removeFirst(judged)
                judged = 0
                noteBeginning()
                return hasBytes
            case .refuse(let fault):
                refuse(fault)
                return true
            }
        }
        (held, judged) = ([], 0)
        headBegan = nil
        return true
    }

    /// Notes when an incomplete head began: its time counts from its first byte.
    private func noteBeginning() {
        guard framing.isInHead else {
            headBegan = nil
            return
        }
        if headNumber == framing.headCount, headBegan != nil { return }
        headNumber = framing.headCount
        headBegan = monotonicNanoseconds()
    }

    /// Stops reading. In the middle of a chunked body, libmicrohttpd gets a chunk size that it refuses by itself.
    private func refuse(_ fault: HTTPFault) {
        refusal = fault
        (held, judged, headBegan) = ([], 0, nil)
        if framing.isInChunks {
            if !isGivenUp { ready += Array("xx\r\n".utf8) }
        } else {
            let method = framing.isRefusedHEAD ? "HEAD " : "GET "
            ready += Array(method.utf8) + [Self.marker] + Array(" HTTP/1.1\r\n\r\n".utf8)
        }
    }

    /// Discards what follows a refused request.
    private func discard(_ buffer: UnsafeMutableRawPointer, _ room: Int, _ source: Source) -> Int {
        let size = source(buffer, room)
        return size > 0 ? -Int(EAGAIN) : size
    }
}
