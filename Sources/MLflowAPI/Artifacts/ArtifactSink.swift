internal import HTTPServer
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Writes the body of a PUT to a staging file, and publishes it as an artifact.
final class ArtifactSink: BodySink, @unchecked Sendable {
    // Sendable: the server calls the methods one at a time.

    private let api: MLflowAPI
    private let run: RunID
    private let path: ArtifactPath
    private var file: StagingFile?

    init(api: MLflowAPI, run: RunID, path: ArtifactPath) { (self.api, self.run, self.path) = (api, run, path) }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        if file == nil { file = try api.scratch.makeFile() }
        try file?.write(part)
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        defer { cancel() }
        api.answer(exchange) {
            if let failure { throw failure }
            let file = try file ?? api.scratch.makeFile()
            _ = try file.finish()
            let change = DataChange.artifact(file, path, if: { _ in true })
            api.submit(RunWrite(.run(run), .change([change]), needsRun: true), exchange)
            exchange.wakeServer()
        }
    }

    /// The staged file removes itself on deinit.
    func cancel() { file = nil }
}
