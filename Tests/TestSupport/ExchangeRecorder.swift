import Glibc
import JSON
import Synchronization

/// Keeps requests and replies for Tests/OpenAPI/exchanges.py, which holds them against openapi.yaml.
///
/// They go into a file of the folder that `RUNDIR_RECORD_EXCHANGES` names, one JSON object a line. Bytes of bodies are
/// characters of a string, U+0000 to U+00FF.
package final class ExchangeRecorder: Sendable {
    /// The recorder of this process; nil where nothing is to be kept.
    package static let shared: ExchangeRecorder? = getenv("RUNDIR_RECORD_EXCHANGES").flatMap {
        ExchangeRecorder(folder: String(cString: $0))
    }

    /// Bytes of the largest body that is kept. An exchange with a larger one is left out.
    private static let largestBody = 64 << 10
    /// How many exchanges are kept that have the same method, kind of path and status.
    private static let mostAlike = 200

    private let descriptor: Int32
    private let counts = Mutex<[String: Int]>([:])

    private init?(folder: String) {
        descriptor = open("\(folder)/\(getpid()).ndjson", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func record(
        _ method: String, _ target: String, headers: [(String, String)], body: [UInt8], _ reply: HTTPClient.Reply
    ) {
        guard body.count <= Self.largestBody, reply.body.count <= Self.largestBody else { return }
        let kind = "\(method) \(Self.kind(of: target)) \(reply.status)"
        let isOneMore = counts.withLock {
            $0[kind, default: 0] += 1
            return $0[kind, default: 0] <= Self.mostAlike
        }
        guard isOneMore else { return }
        let exchange: JSONObject = [
            "method": .string(method), "target": .string(target),
            "headers": .array(headers.map { .array([.string($0.0), .string($0.1)]) }),
            "body": .string(Self.text(body)), "status": .number(JSONNumber(reply.status)),
            "reply_headers": .object(JSONObject(reply.headers.map { ($0.key, .string($0.value)) })),
            "reply_body": .string(Self.text(reply.body)),
        ]
        let line = JSONWriter.compact(.object(exchange)) + [UInt8(ascii: "\n")]
        // One write(2) each, so that lines of several threads do not mix.
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// A path without the run's id and a file's path.
    private static func kind(of target: String) -> String {
        var segments = target.prefix { $0 != "?" }.split(separator: "/").prefix(4)
        if segments.first == "runs", segments.count > 1 { segments[1] = "{id}" }
        if segments.count > 3, segments[2] == "files" { segments[3] = "{path}" }
        return segments.joined(separator: "/")
    }

    private static func text(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}
