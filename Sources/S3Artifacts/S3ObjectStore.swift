internal import Glibc
internal import LocalFiles
package import RunStore

/// Keeps objects in a bucket of S3, or of a server that speaks its protocol (Amazon S3 API Reference).
///
///     let store = try S3ObjectStore(S3Settings("s3://bucket/prefix") { Environment.text($0) })
///     if let reason = store.hindrance() { … }
///
/// A file is read while it is sent, and an object while it is needed: neither is ever in memory as a whole.
package final class S3ObjectStore: ObjectStore {
    private let client: S3Client
    private var settings: S3Settings { client.settings }

    package init(_ settings: S3Settings) { client = S3Client(settings) }

    package var place: String { settings.place }

    /// Lists the prefix, which finds a wrong key, bucket or region.
    package func hindrance() -> String? {
        do throws(S3Fault) {
            try client.perform(
                S3Request(
                    method: "GET", key: "",
                    query: [("list-type", "2"), ("max-keys", "1"), ("prefix", settings.prefix)]),
                patience: min(1, settings.patience))
            return nil
        } catch { return error.description(place) }
    }

    package func put(_ path: String, size: Int, as name: String) throws(StoreError) {
        let descriptor: CInt
        do throws(FileFailure) { descriptor = try Files.open(path, O_RDONLY) } catch { throw StoreError(local: error) }
        defer { close(descriptor) }
        let upload = S3Upload(client, key: settings.prefix + name, descriptor, size: size)
        do throws(S3Fault) { try upload.run() } catch { throw refusal(error) }
    }

    package func reader(of name: String, size: Int) -> any ObjectReader {
        S3ObjectReader(client, key: settings.prefix + name, size: size)
    }

    package func remove(_ name: String, isComplete: Bool) throws(StoreError) {
        let key = settings.prefix + name
        do throws(S3Fault) {
            if !isComplete { try S3Upload.abortAll(of: key, client) }
            try client.perform(S3Request(method: "DELETE", key: key))
        } catch {
            if !error.isMissing { throw refusal(error) }
        }
    }

    private func refusal(_ fault: S3Fault) -> StoreError { .objectsUnreachable(fault.description(place)) }
}
