internal import HTTPServer
internal import Limits

/// The one file of a form, as `curl -F file=@net.pt` and Python's `requests.put(files=…)` send it: the file is stored,
/// not the form around it.
final class FormFile: @unchecked Sendable {
    // Sendable: owned by a sink, whose methods are called one at a time.

    private var reader: MultipartReader?
    private var files = 0
    private let receive: (UnsafeRawBufferPointer) throws -> Void

    /// - Parameter receive: takes the file's pieces; also called for an empty file
    init(
        _ exchange: HTTPExchange, bytes: Limit, receive: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        self.receive = receive
        let most = Limit(.entries, most: 1000)
        reader = MultipartReader(
            exchange: exchange, budget: Budget([bytes, most]), fields: Budget([Limit(.bytes, most: 1 << 20)])
        ) { [unowned self] in try take($0) }
        if reader == nil { throw MultipartReader.Failure() }
    }

    /// The body's next part.
    func read(_ part: UnsafeRawBufferPointer) throws { try reader?.read(part) }

    /// The body is complete.
    func finish() throws {
        try reader?.finish()
        if files == 0 { throw Self.refused("the form has no file") }
    }

    private func take(_ piece: MultipartReader.Piece) throws {
        guard piece.fileName != nil else {
            throw Self.refused("the form has the field \"\(piece.name.shown(atMost: 100))\", which is not a file")
        }
        if piece.isFirst { files += 1 }
        if files > 1 { throw Self.refused("the form has more than one file") }
        try receive(piece.bytes)
    }

    private static func refused(_ reason: String) -> Problem {
        Problem(
            422, "invalid-content", "Invalid content",
            "\(reason), but this path takes one file; send one request for each file, best without a form: curl -T net.pt"
        )
    }
}
