internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Reading a run's metadata.
extension RunAPI {
    func readMetadata(_ request: RunRequest, _ target: RunTarget, _ type: MetadataType) throws {
        let exchange = request.exchange
        guard let document = try writer(of: type).document else { throw Problem.internalFault }
        let run = try existingRun(target)
        switch document {
        case .file(let path, let mediaType):
            if let file = try store.file(path, of: run) {
                return try read(file.isRemote, exchange) {
                    try file.checkContent()
                    try self.respond(to: exchange, with: try Self.reply(file, mediaType))
                }
            }
        case .properties:
            if let properties = try store.properties(of: run), !properties.isEmpty {
                let object = JSONObject(properties.map { ($0.name, .string($0.text)) })
                return try respond(to: exchange, with: .json(200, .object(object)))
            }
        case .folder(let folder):
            let files = try store.files(below: folder, of: run)
            if !files.isEmpty {
                return try respond(to: exchange, with: .json(200, listing(files, of: run, type: type)))
            }
        }
        guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
        throw Problem(
            404, "no-metadata", "No such metadata",
            "the run \"\(run)\" has no \(type) yet; POST to this path writes it")
    }

    private static func reply(_ file: any Blob, _ mediaType: String) throws -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", mediaType), ("ETag", "\"\(file.version.text)\""),
                ("X-Content-Type-Options", "nosniff"),
                // A custom writer's may be a page.
                ("Content-Security-Policy", FileReply.untrustedPolicy),
            ],
            body: try .blob(file))
    }

    func listMetadata(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let run = try existingRun(target)
        guard let snapshot = try store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
        let present = writers.writers.filter { writer in
            switch writer.document {
            case .file(let path, _):
                snapshot.files.contains(path) || (path == .metricsFrame && snapshot.files.contains(.metricsRows))
            case .properties: snapshot.files.contains { $0.property != nil }
            case .folder(let folder):
                snapshot.files.contains { $0.description.utf8.starts(with: "\(folder)/".utf8) }
            case nil: false
            }
        }
        let list = (present.map(\.type) + unregistered(in: snapshot.files)).map { type -> JSONValue in
            ["type": .string(type.description), "href": .string("/runs/\(run)/metadata/\(type)")]
        }
        return .json(200, ["run": .string(run.description), "metadata": .array(list)])
    }

    /// The types that are not registered, but have a folder and may be written (`--custom-folders`), by name.
    private func unregistered(in files: some Sequence<DataPath>) -> [MetadataType] {
        let writers = writers
        guard writers.takesOtherTypes else { return [] }
        let registered = Set(writers.writers.map(\.type))
        let folders = Set(files.compactMap { $0.components.count > 1 ? $0.components.first : nil })
        return folders.sorted().compactMap { MetadataType($0) }.filter {
            !registered.contains($0) && writers[$0] != nil
        }
    }

    /// The files of a type that is stored as a folder.
    private func listing(_ files: [(path: DataPath, size: Int)], of run: RunID, type: MetadataType) -> JSONValue {
        let list = files.map { file -> JSONValue in
            ["path": .string(file.path.description), "size": .number(JSONNumber(file.size))]
        }
        return ["run": .string(run.description), "type": .string(type.description), "files": .array(list)]
    }
}
