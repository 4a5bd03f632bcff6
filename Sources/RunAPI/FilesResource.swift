internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/files` and `/runs/{id}/files/{path}`: every file of a run, read; artifacts, written.
extension RunAPI {
    func readFile(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        // Whoever asks for a digest may have a large file read.
        answerOnWorker(exchange, exchange.headerBytes("Want-Repr-Digest") == nil ? .quick : .long) {
            let run = try self.existingRun(request)
            let query = try FileListQuery(exchange)
            do throws(StoreError) {
                switch try self.store.file(request.path, of: run, page: query.page) {
                case .file(let file):
                    guard let path = request.path else { throw .unknownRun }
                    return self.reply(path, file, exchange)
                case .folder(let page): return self.list(page, request.path, run, query)
                case nil:
                    guard let path = request.path else { throw .unknownRun }
                    throw .noFile(path)
                }
            } catch .unknownRun { throw Problem.unknownRun(run.description) }
        }
    }

    private func reply(_ path: ArtifactPath, _ file: any Blob, _ exchange: HTTPExchange) -> HTTPResponse {
        do { return try FileReply(exchange, digests).response(path, file) } catch {
            return response(for: error, exchange)
        }
    }

    private func list(
        _ page: FolderPage, _ path: ArtifactPath?, _ run: RunID, _ query: FileListQuery
    ) -> HTTPResponse {
        let entries = page.entries.map { JSONValue.object(Self.describe($0, of: run)) }
        var body: JSONObject = [
            "run": .string(run.description), "path": .string(path?.description ?? ""), "files": .array(entries),
        ]
        var headers: [(name: String, value: String)] = [("X-Content-Type-Options", "nosniff")]
        if let next = page.next {
            // Escaped twice: the name's bytes need not be a text.
            let cursor = PercentEncoding.encode(next)
            body["next"] = .string(cursor)
            let query = "limit=\(query.page.limit)&cursor=\(PercentEncoding.encode(cursor))"
            headers.append(("Link", "<\(Self.href(run, path))?\(query)>; rel=\"next\""))
        }
        return .json(200, .object(body), headers: headers)
    }

    /// What a listing says of a file or folder: with where to read it, or why it cannot be read here.
    private static func describe(_ entry: FolderPage.Entry, of run: RunID) -> JSONObject {
        var object: JSONObject = ["path": .string(entry.text)]
        if !entry.isFolder { object["size"] = .number(JSONNumber(entry.size)) }
        object["modified"] = .number(JSONNumber((entry.modified * 1000).rounded() / 1000))
        let type = entry.path.map(FileMediaType.of) ?? FileMediaType.unknown
        object["type"] = .string(entry.isFolder ? "folder" : type)
        guard let path = entry.path else {
            object["unreadable"] = .string("no request can name it: \(ArtifactPath.rule)")
            return object
        }
        let href = href(run, path)
        let limit = ServerLimits().target
        if href.utf8.count > limit {
            object["unreadable"] = .string(
                "its path would be \(href.utf8.count) bytes in a request, which has \(limit) at most")
        } else {
            object["href"] = .string(href)
        }
        return object
    }

    /// The path to a file over HTTP.
    static func href(_ run: RunID, _ path: ArtifactPath?) -> String {
        (["/runs/\(run)/files"] + (path?.components.map(PercentEncoding.encode) ?? [])).joined(separator: "/")
    }

    func removeFile(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            guard let path = request.path else { throw Problem.internalFault }
            let condition = try FileSink.condition(path, exchange)
            let run = try existingRun(request)
            store.submit(RunWrite(.run(run), .change([.removeArtifact(path, if: condition)]))) { result in
                self.answer(exchange) {
                    do { _ = try result.get() } catch StoreError.unknownRun {
                        throw Problem.unknownRun(run.description)
                    }
                    return HTTPResponse(status: 204)
                }
            }
        } catch {
            exchange.respond(response(for: error, exchange))
        }
    }
}

/// What a listing asks for.
struct FileListQuery {
    var page = FolderPage.Request(limit: 1000)

    init(_ exchange: HTTPExchange) throws(Problem) {
        guard let query = exchange.query else {
            throw .invalidQuery("the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        for (name, value) in query {
            switch name {
            case "limit":
                guard let limit = Int(value), (1...10_000).contains(limit) else {
                    throw .invalidQuery("limit is \"\(value)\"; it has to be a number from 1 to 10000")
                }
                page.limit = limit
            case "cursor":
                guard let name = PercentEncoding.decode(value.utf8) else {
                    throw .invalidQuery("unknown cursor; use the \"next\" of the previous page")
                }
                page.after = name
            default: throw .invalidQuery("\"\(name)\" is not known here; there are limit and cursor")
            }
        }
    }
}
