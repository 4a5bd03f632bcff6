internal import Glibc
internal import Synchronization
internal import Threads

/// Sends requests to S3, and repeats them after failures that may pass. Keeps connections for later requests.
final class S3Client: Sendable {
    let settings: S3Settings
    private let free = Mutex<[S3Connection]>([])
    /// The most idle connections that are kept.
    private static let mostFree = 16

    init(_ settings: S3Settings) { self.settings = settings }

    /// Takes a connection, which has to be given back or dropped.
    func take() throws(S3Fault) -> S3Connection {
        if let connection = free.withLock({ $0.popLast() }) { return connection }
        return try S3Connection(settings)
    }

    func giveBack(_ connection: S3Connection) {
        connection.end()
        free.withLock { if $0.count < Self.mostFree { $0.append(connection) } }
    }

    /// Sends a request, and reads the whole reply.
    /// - Parameter patience: seconds for which to try; nil: as in the settings
    /// - Throws: if every attempt failed or had no reply
    @discardableResult
    func perform(_ request: S3Request, patience: Double? = nil) throws(S3Fault) -> S3Reply {
        var attempts = S3Attempts(patience: patience ?? settings.patience)
        var isRepeated = false
        while true {
            do throws(S3Fault) {
                let connection = try take()
                // After a failure too: libcurl knows whether the connection can be used again.
                defer { giveBack(connection) }
                var reply = try connection.perform(request)
                reply.isRepeated = isRepeated
                return reply
            } catch { try attempts.wait(after: error) }
            isRepeated = true
        }
    }
}

/// Decides how long to retry a request. The pauses grow and are random, so that servers that failed together do not
/// retry together (AWS Architecture Blog, "Exponential Backoff And Jitter").
struct S3Attempts {
    private let patience: Double
    /// The most seconds before the next attempt.
    private var pause = 0.1
    private var end: UInt64?

    init(patience: Double) { self.patience = patience }

    /// Waits before the next attempt.
    /// - Throws: the fault, if it does not pass by itself, or if the first one was `patience` seconds ago
    mutating func wait(after fault: S3Fault) throws(S3Fault) {
        let now = monotonicNanoseconds()
        let end = self.end ?? now + UInt64(patience * 1e9)
        self.end = end
        guard fault.isTemporary, now < end else { throw fault }
        let rest = Double(end - now) / 1e9
        let seconds = min(max(Double.random(in: pause / 2...pause), fault.retryAfter), rest)
        pause = min(pause * 2, 5)
        usleep(useconds_t(seconds * 1e6))
    }

    /// There was progress: the next failure counts as the first one.
    mutating func succeed() { self = S3Attempts(patience: patience) }
}
