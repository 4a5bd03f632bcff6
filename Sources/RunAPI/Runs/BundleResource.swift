internal import Access
internal import HTTPServer
internal import Logging
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/bundle.tar.gz`: a whole run in one archive, packed while it is sent.
extension RunAPI {
    static let bundleRoutes: [Route] = [
        Route("readBundle", .get, "/runs/{id}/bundle.tar.gz", .read, on: .long, submit: RunAPI.readBundle)
    ]

    func readBundle(_ request: RunRequest, _ target: RunTarget) throws {
        let exchange = request.exchange
        let run = try existingRun(target)
        let bundle: any RunBundle
        do { bundle = try store.bundle(of: run) } catch StoreError.unknownRun {
            throw Problem.unknownRun(run.description)
        }
        try read(bundle.isRemote, exchange) {
            // Once the reply has begun, it could only be cut off.
            try bundle.checkContent()
            try self.respond(to: exchange, with: try self.reply(bundle, exchange))
        }
    }

    private func reply(_ bundle: any RunBundle, _ exchange: HTTPExchange) throws -> HTTPResponse {
        let packer = try BundlePacker(bundle)
        let (log, id, run) = (log, exchange.id, bundle.run)
        let stream = ResponseStream(on: bundle.isRemote ? .remote : .long) {
            do { return try packer.next() } catch {
                log.error("the bundle of \(run) was cut off: \(error)", metadata: ["request_id": "\(id)"])
                throw error
            }
        }
        return HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", "application/gzip"), ("X-Content-Type-Options", "nosniff"),
                ("Content-Disposition", "attachment; filename=\"\(run).tar.gz\""), ("Cache-Control", "no-store"),
            ], body: .stream(stream))
    }
}
