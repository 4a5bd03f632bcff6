/// Where requests begin and end in the bytes of a connection (RFC 9112 section 6): a head, its body, the next head.
///
/// A pure value: it is fed bytes and says what becomes of them. `RequestReader` does it.
struct RequestFraming {
    /// What becomes of the first bytes of those that are there.
    enum Step: Equatable {
        /// So many are sound, and go on as they are.
        case pass(Int)
        /// So many are sound; these go on in their place.
        case replace(Int, with: [UInt8])
        /// What is there is the beginning of something. More is needed to judge it.
        case more
        /// The request is refused, and what follows is not read.
        case refuse(HTTPFault)
    }

    private enum Part {
        case head
        case body(left: Int)
        case chunks
    }

    private let limits: ServerLimits
    private var part = Part.head
    private var head: RequestHead
    private var chunks: ChunkedFraming
    private var hasSkippedLine = false
    /// Heads that are complete.
    private(set) var headCount = 0
    /// Whether the refused request's method is HEAD: its reply has no body.
    private(set) var isRefusedHEAD = false

    init(limits: ServerLimits) {
        self.limits = limits
        head = RequestHead(limits: limits)
        chunks = ChunkedFraming(limits: limits)
    }

    /// Whether the next byte belongs to a head.
    var isInHead: Bool { if case .head = part { true } else { false } }

    /// Bytes that come next and are the body's for sure: the rest of it, or of a chunk.
    var bodyLeft: Int {
        switch part {
        case .head: 0
        case .body(let left): left
        case .chunks: chunks.dataLeft
        }
    }

    /// Whether the next byte belongs to a body in chunks.
    var isInChunks: Bool { if case .chunks = part { true } else { false } }

    /// What becomes of the first of these bytes, of which there is at least one. After `.more` the same ones are to be
    /// given again, with more behind them.
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> Step {
        switch part {
        case .head: return nextOfHead(bytes)
        case .body(let left):
            let count = min(left, bytes.count)
            part = count == left ? .head : .body(left: left - count)
            return .pass(count)
        case .chunks:
            let step = chunks.next(bytes)
            if chunks.isComplete {
                chunks = ChunkedFraming(limits: limits)
                part = .head
            }
            return step
        }
    }

    private mutating func nextOfHead(_ bytes: UnsafeRawBufferPointer) -> Step {
        // One empty line in front of a request is left out (RFC 9112 section 2.2).
        if bytes[0] == UInt8(ascii: "\r"), !hasSkippedLine {
            if bytes.count == 1 { return .more }
            guard bytes[1] == UInt8(ascii: "\n") else { return .refuse(.framing(.carriageReturn)) }
            hasSkippedLine = true
            return .replace(2, with: [])
        }
        let size: Int
        switch head.read(bytes) {
        case .unfinished: return .more
        case .refused(let fault): return refuse(fault, bytes)
        case .complete(let count): size = count
        }
        do {
            switch try head.body(bytes) {
            case .none: break
            case .length(let length): part = .body(left: length)
            case .chunked: part = .chunks
            }
        } catch {
            return refuse(error, bytes)
        }
        let step = head.needsRewriting ? Step.replace(size, with: head.rewritten(bytes, size: size)) : .pass(size)
        head = RequestHead(limits: limits)
        hasSkippedLine = false
        headCount += 1
        return step
    }

    private mutating func refuse(_ fault: HTTPFault, _ bytes: UnsafeRawBufferPointer) -> Step {
        isRefusedHEAD = head.isMethod(bytes, "HEAD")
        return .refuse(fault)
    }
}
