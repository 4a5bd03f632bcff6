internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `artifacts/list`, and `mlflow-artifacts/artifacts/…`, by which clients read and write artifacts through the server.
extension MLflowAPI {
    static let artifactRoutes: [MLflowRoute] = [
        MLflowRoute(.get, "/mlflow/artifacts/list", .read, reply: MLflowAPI.listRunArtifacts),
        MLflowRoute(.get, "/mlflow-artifacts/artifacts", .read, on: .long, reply: MLflowAPI.listArtifacts),
        MLflowRoute(.get, "/mlflow-artifacts/artifacts/{path}", .read, on: .quick, submit: MLflowAPI.readArtifact),
        MLflowRoute(.put, "/mlflow-artifacts/artifacts/{path}", .write, plan: MLflowAPI.writeArtifact),
        MLflowRoute(
            .delete, "/mlflow-artifacts/artifacts/{path}", .write, on: .long, reply: MLflowAPI.deleteArtifacts),
        MLflowRoute(.get, "/mlflow-artifacts/presigned/{path}", .read, reply: MLflowAPI.refuseDirectTransfer),
        MLflowRoute(.post, "/mlflow-artifacts/mpu/create/{path}", .write, reply: MLflowAPI.refuseDirectTransfer),
    ].map(\.inScope)

    /// The most files of a listing.
    private static let mostFiles = 10_000

    func listRunArtifacts(_ call: MLflowCall) throws -> JSONObject {
        let run = try call.run()
        let record = RunRecord(try snapshot(of: run))
        let root = record.info(try experiments.list())["artifact_uri"] ?? .null
        let place = try ArtifactPlace(run, try call.parameters.text("path") ?? "")
        let (files, next) = try list(place, after: try call.parameters.text("page_token") ?? "") { $0.text }
        var reply: JSONObject = ["root_uri": root]
        if !files.isEmpty { reply["files"] = .array(files) }
        reply["next_page_token"] = next.map { .string($0) }
        return reply
    }

    /// The same for clients that use `mlflow-artifacts:` directly. There, paths are relative to the listed folder.
    func listArtifacts(_ call: MLflowCall) throws -> JSONObject {
        let place = try call.artifacts(at: try call.parameters.text("path") ?? "")
        var (files, token): ([JSONValue], String?) = ([], "")
        while let after = token {
            try call.exchange.checkPresence()
            let page = try list(place, after: after) { $0.text.split(separator: "/").last.map(String.init) ?? $0.text }
            files += page.files
            token = page.next
        }
        return files.isEmpty ? JSONObject() : ["files": .array(files)]
    }

    /// - Parameter after: the page begins behind this name; empty: the first page
    func list(
        _ place: ArtifactPlace, after: String, path: (FolderPage.Entry) -> String
    ) throws -> (files: [JSONValue], next: String?) {
        let request = FolderPage.Request(limit: Self.mostFiles, after: after.isEmpty ? nil : Array(after.utf8))
        guard case .folder(let page) = try store.file(place.path, of: place.run, page: request) else {
            // For a file, or if nothing is there, the list is empty.
            return ([], nil)
        }
        let files = try page.entries.compactMap { entry -> JSONValue? in
            guard let entryPath = entry.path, !entryPath.isMetadata else { return nil }
            // The folders of deleted artifacts remain; MLflow has no empty folders.
            if entry.isFolder, try !hasFiles(entryPath, of: place.run) { return nil }
            var file: JSONObject = ["path": .string(path(entry)), "is_dir": .bool(entry.isFolder)]
            if !entry.isFolder { file["file_size"] = MLflowJSON.number(entry.size) }
            return .object(file)
        }
        return (files, page.next.map { String(decoding: $0, as: UTF8.self) })
    }

    /// Whether a folder has a file in it or below.
    private func hasFiles(_ folder: ArtifactPath, of run: RunID) throws -> Bool {
        var request = FolderPage.Request(limit: 100)
        repeat {
            guard case .folder(let page) = try store.file(folder, of: run, page: request) else { return false }
            for entry in page.entries {
                guard let path = entry.path else { continue }
                if try !entry.isFolder || hasFiles(path, of: run) { return true }
            }
            request.after = page.next
        } while request.after != nil
        return false
    }

    func readArtifact(_ call: MLflowCall) throws {
        let place = try call.artifacts(at: call.values[0])
        guard let path = place.path else {
            throw MLflowError.invalid("The path is the folder of all artifacts; list it")
        }
        switch try store.file(path, of: place.run, page: FolderPage.Request(limit: 1)) {
        case .file(let blob):
            if !blob.isRemote { return try send(blob, call.exchange) }
            let exchange = call.exchange
            exchange.goOn(on: .remote) { self.answer(exchange) { try self.send(blob, exchange) } }
        case .folder: throw MLflowError.invalid("'\(path)' is a folder; list it")
        case nil: throw StoreError.noFile(path)
        }
    }

    private func send(_ blob: any Blob, _ exchange: HTTPExchange) throws {
        try blob.checkContent()
        exchange.respond(
            HTTPResponse(
                status: 200,
                headers: [
                    ("Content-Type", "application/octet-stream"), ("X-Content-Type-Options", "nosniff"),
                    ("Content-Disposition", "attachment"), ("ETag", "\"\(blob.version.text)\""),
                ],
                body: .blob(blob)))
    }

    func writeArtifact(_ exchange: HTTPExchange, _ values: [String]) throws -> BodyPlan {
        let place = try ArtifactPlace(values[0])
        try exchange.requireScope(of: place.run)
        exchange.subjects = [place.run.description]
        guard let path = place.path else { throw MLflowError.invalid("The path has no file's name") }
        return .stream(ArtifactSink(api: self, run: place.run, path: path), limit: settings.maxUpload)
    }

    /// Deletes a file, or a folder with all its contents.
    func deleteArtifacts(_ call: MLflowCall) throws -> JSONObject {
        let place = try call.artifacts(at: call.values[0])
        _ = try snapshot(of: place.run)
        let paths = try files(place.path, of: place.run)
        if paths.isEmpty, let path = place.path { throw StoreError.noFile(path) }
        // In parts: a single write with very many steps would block others.
        for start in stride(from: 0, to: paths.count, by: 256) {
            let part = paths[start..<min(start + 256, paths.count)]
            try write(place.run, .change(part.map { .removeArtifact($0) { _ in true } }), call.exchange)
        }
        return JSONObject()
    }

    /// The files at a path and below.
    private func files(_ path: ArtifactPath?, of run: RunID) throws -> [ArtifactPath] {
        var (found, folders): ([ArtifactPath], [ArtifactPath?]) = ([], [path])
        while let folder = folders.popLast() {
            var request = FolderPage.Request(limit: Self.mostFiles)
            repeat {
                guard case .folder(let page) = try store.file(folder, of: run, page: request) else {
                    if let folder { found.append(folder) }
                    break
                }
                for entry in page.entries {
                    guard let path = entry.path, !path.isMetadata else { continue }
                    if entry.isFolder { folders.append(path) } else { found.append(path) }
                }
                request.after = page.next
            } while request.after != nil
        }
        return found
    }

    /// Refuses uploads and downloads that bypass the server. Clients begin these only if `server-info` offers them.
    func refuseDirectTransfer(_ call: MLflowCall) throws -> JSONObject {
        // MLflow's client recognises this text (mlflow/exceptions.py, _UnsupportedMultipartUploadException).
        throw MLflowError(
            .notImplemented, "Multipart upload is not supported for the current artifact repository")
    }
}
