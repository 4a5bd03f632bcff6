/// Finds where requests begin and end in the bytes of a connection (RFC 9112 section 6): a head, its body, the next
/// head.
///
/// A pure value: it gets bytes and decides about them. `RequestReader` carries that out.
struct RequestFraming {
    /// A decision about the first of the given bytes.
    enum Step: Equatable {
        /// This many bytes are sound, and go on unchanged.
        case pass(Int)
        /// This many bytes are sound, and are replaced by these.
        case replace(Int, with: [UInt8])
        /// The bytes are incomplete. More are needed to decide.
        case more
        /// The request is refused, and nothing after it is read.
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
    /// The number of complete heads.
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

    /// How many of the next bytes belong to the body for sure: the rest of it, or of a chunk.
    var bodyLeft: Int {
        switch part {
        case .head: 0
        case .body(let left): left
        case .chunks: chunks.dataLeft
        }
    }

    /// Whether the next byte belongs to a chunked body.
    var isInChunks: Bool { if case .chunks = part { true } else { false } }

    /// Decides about the first of these bytes. There has to be at least one. After `.more`, pass the same bytes again,
    /// with more after them.
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
        // One empty line before a request is ignored (RFC 9112 section 2.2).
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
