internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/files` and `/runs/{id}/files/{path}`: reads all files of a run, writes artifacts.
extension RunAPI {
    static let fileRoutes: [Route] = [
        Route("listFiles", .get, "/runs/{id}/files", .read, query: .fields, submit: RunAPI.listFiles),
        Route("readFile", .get, "/runs/{id}/files/{path}", .read, query: .fields, plan: RunAPI.readFile),
        Route(
            "writeFile", .put, "/runs/{id}/files/{path}", .write, where: RunAPI.isArtifact, plan: RunAPI.writeFile),
        Route(
            "removeFile", .delete, "/runs/{id}/files/{path}", .write, where: RunAPI.isArtifact,
            submit: RunAPI.removeFile),
    ]

    /// Whether a file is not metadata, which can be read here but is written elsewhere.
    func isArtifact(_ target: RunTarget, _ path: ArtifactPath) -> Bool { !path.isMetadata }

    func listFiles(_ request: RunRequest, _ target: RunTarget) throws {
        try reply(nil, of: target, request.exchange)
    }

    func readFile(_ request: RunRequest, _ target: RunTarget, _ path: ArtifactPath) throws -> BodyPlan {
        // A request for a digest may read a large file.
        let threads: Route.Threads = request.exchange.headerBytes("Want-Repr-Digest") == nil ? .quick : .long
        return try BodyUse.none.plan(request, self) { request in
            self.run(on: threads, request) { try self.reply(path, of: target, request.exchange) }
        }
    }

    private func reply(_ path: ArtifactPath?, of target: RunTarget, _ exchange: HTTPExchange) throws {
        let run = try existingRun(target)
        let query = try FileListQuery(exchange)
        let found: RunFile?
        do throws(StoreError) { found = try store.file(path, of: run, page: query.page) } catch .unknownRun {
            throw Problem.unknownRun(run.description)
        }
        switch found {
        case .file(let file):
            guard let path else { throw Problem.unknownRun(run.description) }
            try read(file.isRemote, exchange) {
                try self.respond(to: exchange, with: try FileReply(exchange, self.digests).response(path, file))
            }
        case .folder(let page): try respond(to: exchange, with: list(page, path, run, query))
        case nil:
            guard let path else { throw Problem.unknownRun(run.description) }
            throw StoreError.noFile(path)
        }
    }

    func writeFile(_ request: RunRequest, _ target: RunTarget, _ path: ArtifactPath) throws -> BodyPlan {
        let exchange = request.exchange
        let sink: any BodySink =
            if exchange.headerBytes("Content-Range") != nil {
                try FilePartSink(api: self, target: target, path: path, exchange: exchange)
            } else {
                try FileSink(api: self, target: target, path: path, exchange: exchange)
            }
        return .stream(sink, limit: settings.maxUpload)
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
            // Escaped twice: the name's bytes need not be UTF-8.
            let cursor = PercentEncoding.encode(next)
            body["next"] = .string(cursor)
            let query =
                "limit=\(query.page.limit)&cursor=\(PercentEncoding.encode(cursor))"
                + (query.page.isRecursive ? "&recursive=true" : "")
            headers.append(("Link", "<\(Self.href(run, path))?\(query)>; rel=\"next\""))
        }
        return .json(200, .object(body), headers: headers)
    }

    /// A file or folder in a listing: with its URL, or why it cannot be read here.
    private static func describe(_ entry: FolderPage.Entry, of run: RunID) -> JSONObject {
        var object: JSONObject = ["path": .string(entry.text)]
        if !entry.isFolder { object["size"] = .number(JSONNumber(entry.size)) }
        object["modified"] = .number(JSONNumber((entry.modified * 1000).rounded() / 1000))
        let type = entry.path.map(FileMediaType.of) ?? FileMediaType.unknown
        object["type"] = .string(entry.isFolder ? "folder" : type)
        guard let path = entry.path else {
            object["unreadable"] = .string("it cannot be read over HTTP: \(ArtifactPath.rule)")
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

    func removeFile(_ request: RunRequest, _ target: RunTarget, _ path: ArtifactPath) throws {
        let exchange = request.exchange
        let condition = try FileSink.condition(path, exchange)
        let run = try existingRun(target)
        exchange.subjects = [run.description]
        store.submit(RunWrite(.run(run), .change([.removeArtifact(path, if: condition)]))) { result in
            self.answer(exchange) {
                do { _ = try result.get() } catch StoreError.unknownRun {
                    throw Problem.unknownRun(run.description)
                }
                return HTTPResponse(status: 204)
            }
        }
    }
}

/// The query of a listing.
struct FileListQuery {
    var page = FolderPage.Request(limit: 1000)

    init(_ exchange: HTTPExchange) throws(Problem) {
        var query = try QueryParameters(exchange, names: ["limit", "cursor", "recursive"])
        page.isRecursive = try query.flag("recursive")
        if let limit = try query.number("limit", in: 1...10_000) { page.limit = limit }
        if let cursor = query.take("cursor") {
            guard let name = PercentEncoding.decode(cursor.utf8) else {
                throw .invalidQuery("unknown cursor; use the \"next\" of the previous page")
            }
            page.after = name
        }
    }
}
