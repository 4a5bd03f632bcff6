internal import Access
internal import HTTPServer
internal import Limits
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/output`.
extension RunAPI {
    static let outputRoutes: [Route] = [
        Route("tailOutput", .get, "/runs/{id}/output", .read, query: .fields, reply: RunAPI.tailOutput)
    ]

    /// A run's console output from a byte on; `Output-Length` is where the next read continues. The reply is empty
    /// while there is no output yet.
    func tailOutput(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        var query = try QueryParameters(request.exchange, names: ["after"])
        let after = try query.take("after").map { text throws(Problem) in
            guard let after = Self.offset(text) else {
                throw .invalidQuery(
                    "after is \"\(text.shown(atMost: 100))\"; it has to be a whole number of bytes, 0 or more, such as the "
                        + "Output-Length of the last reply")
            }
            return after
        }
        let run = try existingRun(target)
        var headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        guard let file = try store.file(.output, of: run) else {
            guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
            headers.append(("Output-Length", "0"))
            return HTTPResponse(status: 200, headers: headers, body: .bytes([]))
        }
        headers += [("Output-Length", "\(file.size)"), ("ETag", "\"\(file.version.text)\"")]
        let start = min(after ?? 0, file.size)
        return HTTPResponse(
            status: 200, headers: headers,
            body: try .blob(file, start..<file.size))
    }

    /// A number of bytes: digits only; a too large one becomes the greatest Int.
    private static func offset(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }
}
