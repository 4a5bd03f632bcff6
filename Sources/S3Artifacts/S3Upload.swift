internal import Glibc
internal import HTTPServer
internal import LocalFiles
internal import Threads

/// Uploads a file as an object: in one request, or in parts if it is large (Amazon S3 User Guide, "Multipart upload").
/// The signature covers the SHA-256 of everything that is sent, and S3 checks it.
struct S3Upload: Sendable {
    private let client: S3Client
    private let key: String
    private let descriptor: CInt
    private let size: Int
    private let partSize: Int

    /// The most parts of an upload ("Amazon S3 multipart upload limits").
    private static let mostParts = 10_000

    init(_ client: S3Client, key: String, _ descriptor: CInt, size: Int) {
        (self.client, self.key, self.descriptor, self.size) = (client, key, descriptor, size)
        partSize = max(client.settings.partSize, (size + Self.mostParts - 1) / Self.mostParts)
    }

    func run() throws(S3Fault) {
        if size <= partSize {
            try client.perform(S3Request(method: "PUT", key: key, body: try body(0..<size)))
            return
        }
        let begun = try client.perform(S3Request(method: "POST", key: key, query: [("uploads", "")]))
        let text = String(decoding: begun.body, as: UTF8.self)
        guard let id = XMLText.first("UploadId", in: text) else {
            throw S3Fault(status: begun.status, message: "the reply names no upload")
        }
        do throws(S3Fault) {
            // An attempt whose reply was lost may have begun an upload of unknown id.
            if begun.isRepeated { try Self.abortAll(of: key, but: id, client) }
            try complete(id, try sendParts(of: id))
        } catch {
            // If S3 cannot be reached now, the upload is aborted when the object is removed.
            _ = try? Self.abort(id, of: key, client, patience: 0)
            throw error
        }
    }

    // MARK: Parts

    /// The parts that are left, and the results of the others.
    private struct Parts: Sendable {
        var left: Range<Int>
        var tags: [String]
        var fault: S3Fault?

        /// The index of the next part; nil if none is left or one has failed.
        mutating func next() -> Int? { fault == nil ? left.popFirst() : nil }
    }

    /// Sends all parts, several at the same time.
    /// - Returns: their tags
    private func sendParts(of id: String) throws(S3Fault) -> [String] {
        let count = (size + partSize - 1) / partSize
        let parts = Monitor(Parts(left: 0..<count, tags: Array(repeating: "", count: count)))
        let jobs = (1..<max(1, min(count, client.settings.parallelParts))).map { _ in
            BackgroundJob { sendSome(of: id, parts) }
        }
        sendSome(of: id, parts)
        for job in jobs { try? job.result() }
        let (tags, fault) = parts.withLock { ($0.tags, $0.fault) }
        if let fault { throw fault }
        return tags
    }

    private func sendSome(of id: String, _ parts: Monitor<Parts>) {
        while let index = parts.withLock({ $0.next() }) {
            let start = index * partSize
            do throws(S3Fault) {
                let part = try client.perform(
                    S3Request(
                        method: "PUT", key: key, query: [("partNumber", "\(index + 1)"), ("uploadId", id)],
                        body: try body(start..<min(start + partSize, size))))
                parts.withLock { $0.tags[index] = part.tag }
            } catch { parts.withLock { $0.fault = $0.fault ?? error } }
        }
    }

    private func complete(_ id: String, _ tags: [String]) throws(S3Fault) {
        let parts = tags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLText.escaped(tag))</ETag></Part>"
        }
        let list =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())</CompleteMultipartUpload>"
        let request = S3Request(method: "POST", key: key, query: [("uploadId", id)], body: .bytes(Array(list.utf8)))
        var attempts = S3Attempts(patience: client.settings.patience)
        while true {
            let text: String
            do throws(S3Fault) { text = String(decoding: try client.perform(request).body, as: UTF8.self) } catch {
                // An attempt whose reply was lost may have completed the upload.
                if error.isMissing, try isThere() { return }
                throw error
            }
            // The head is sent before S3 knows whether the request succeeds ("CompleteMultipartUpload").
            if XMLText.first("ETag", in: text) != nil { return }
            let fault = S3Fault(
                status: 500, code: XMLText.first("Code", in: text) ?? "",
                message: XMLText.first("Message", in: text) ?? "the reply names no object")
            try attempts.wait(after: fault)
        }
    }

    /// Whether the whole object exists.
    private func isThere() throws(S3Fault) -> Bool {
        do throws(S3Fault) {
            return try client.perform(S3Request(method: "HEAD", key: key)).length == size
        } catch {
            if error.isMissing { return false }
            throw error
        }
    }

    // MARK: The file

    /// A range of the file as the body of a request.
    private func body(_ range: Range<Int>) throws(S3Fault) -> S3Request.Body {
        let digest = Digest(.sha256)
        var buffer = [UInt8](repeating: 0, count: min(256 << 10, max(1, range.count)))
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = buffer.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress, min(buffer.count, range.upperBound - offset), off_t(offset))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw S3Fault(status: 400, message: "the file cannot be read: \(FileFailure("read", "an upload"))")
            }
            buffer.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += count
        }
        return .file(descriptor: descriptor, range, hash: S3Request.hex(digest.finish()))
    }

    // MARK: Aborting

    private static func abort(
        _ id: String, of key: String, _ client: S3Client, patience: Double? = nil
    ) throws(S3Fault) {
        do throws(S3Fault) {
            try client.perform(
                S3Request(method: "DELETE", key: key, query: [("uploadId", id)]), patience: patience)
        } catch {
            if !error.isMissing { throw error }
        }
    }

    /// Aborts all uploads of an object that have neither been completed nor aborted ("ListMultipartUploads").
    /// - Parameter kept: the upload that is not aborted; nil: all are
    static func abortAll(of key: String, but kept: String? = nil, _ client: S3Client) throws(S3Fault) {
        let reply = try client.perform(
            S3Request(method: "GET", key: "", query: [("prefix", key), ("uploads", "")]))
        for upload in XMLText.all("Upload", in: String(decoding: reply.body, as: UTF8.self)) {
            guard XMLText.first("Key", in: upload) == key, let id = XMLText.first("UploadId", in: upload), id != kept
            else { continue }
            try abort(id, of: key, client)
        }
    }
}
