internal import Access
internal import HTTPServer
internal import Logging
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/bundle.tar.gz`: a whole run in one archive, packed while it is sent.
extension RunAPI {
    static let bundleRoutes: [Route] = [
        Route("readBundle", .get, "/runs/{id}/bundle.tar.gz", .read, on: .long, reply: RunAPI.readBundle)
    ]

    func readBundle(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let run = try existingRun(target)
        let packer: BundlePacker
        do { packer = try BundlePacker(try store.bundle(of: run)) } catch StoreError.unknownRun {
            throw Problem.unknownRun(run.description)
        }
        let (log, id) = (log, request.exchange.id)
        let stream = ResponseStream {
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
