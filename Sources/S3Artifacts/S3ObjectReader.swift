internal import RunStore
internal import Synchronization

/// Reads an object. The first read requests only its own range. If the next read continues there, all the rest is
/// requested, and arrives as fast as it is read.
final class S3ObjectReader: ObjectReader {
    private let client: S3Client
    private let key: String
    private let size: Int
    private let state = Mutex(State())

    private struct State: Sendable {
        /// The connection on which a range of the object arrives.
        var connection: S3Connection?
        /// The bytes of that range that have not been read.
        var arriving = 0..<0
        /// Where the last read ended.
        var end: Int?
    }

    init(_ client: S3Client, key: String, size: Int) {
        (self.client, self.key, self.size) = (client, key, size)
    }

    deinit {
        if let connection = state.withLock(\.connection) { client.giveBack(connection) }
    }

    func check() throws(StoreError) {
        do throws(S3Fault) {
            // A client is waiting for the head of a reply.
            let patience = min(1, client.settings.patience)
            let found = try client.perform(S3Request(method: "HEAD", key: key), patience: patience).length
            if found != size { throw wrongSize(found) }
        } catch { throw refusal(error) }
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        let count = min(buffer.count, size - offset)
        if count <= 0 { return 0 }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        return try state.withLock { state throws(StoreError) in
            var done = 0
            var attempts = S3Attempts(patience: client.settings.patience)
            while done < count {
                do throws(S3Fault) {
                    let connection = try self.connection(at: offset + done, wanting: count - done, &state)
                    let read = try connection.read(into: UnsafeMutableRawBufferPointer(rebasing: part[done...]))
                    if read == 0 { throw S3Fault(status: 0, message: "the reply ended too early") }
                    done += read
                    attempts.succeed()
                    state.arriving = offset + done..<state.arriving.upperBound
                    if state.arriving.isEmpty {
                        // So that libcurl sees the end, and keeps the connection open.
                        connection.readEnd()
                        stop(&state)
                    }
                } catch {
                    stop(&state)
                    do throws(S3Fault) { try attempts.wait(after: error) } catch { throw refusal(error) }
                }
            }
            state.end = offset + done
            return done
        }
    }

    /// A connection on which the bytes from an offset on arrive.
    private func connection(at offset: Int, wanting count: Int, _ state: inout State) throws(S3Fault) -> S3Connection {
        if let connection = state.connection, state.arriving.lowerBound == offset { return connection }
        stop(&state)
        let range = offset..<(state.end == offset ? size : offset + count)
        let connection = try client.take()
        state.connection = connection
        state.arriving = range
        let reply = try connection.send(S3Request(method: "GET", key: key, range: range))
        if reply.status != 206 || reply.length != range.count {
            if reply.isSuccess { throw wrongSize(reply.length) }
            throw S3Fault(try full(reply, of: connection))
        }
        return connection
    }

    /// A reply with an error status, with its body.
    private func full(_ reply: S3Reply, of connection: S3Connection) throws(S3Fault) -> S3Reply {
        var reply = reply
        var fault: S3Fault?
        reply.body = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            do throws(S3Fault) { count = try connection.read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                fault = error
            }
        }
        if let fault { throw fault }
        return reply
    }

    private func stop(_ state: inout State) {
        if let connection = state.connection { client.giveBack(connection) }
        state.connection = nil
        state.arriving = 0..<0
    }

    private func wrongSize(_ found: Int?) -> S3Fault {
        S3Fault(status: 404, message: "the object \(key) has \(found.map { "\($0)" } ?? "no") bytes, not \(size)")
    }

    private func refusal(_ fault: S3Fault) -> StoreError {
        let place = client.settings.place
        return fault.isMissing
            ? .objectMissing("s3://\(client.settings.bucket)/\(key)") : .objectsUnreachable(fault.description(place))
    }
}
