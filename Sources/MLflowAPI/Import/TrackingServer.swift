internal import CCurl
internal import Glibc
internal import HTTPServer
internal import JSON
internal import LocalFiles

/// A server of MLflow, used as a client does (mlflow/utils/rest_utils.py). Requests are sent one after the other, over
/// one connection.
package final class TrackingServer {
    /// How to reach it. MLflow's clients read the same settings from their environment.
    package struct Settings {
        /// `MLFLOW_TRACKING_TOKEN`: a bearer token.
        package var token: String?
        /// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, joined by a colon.
        package var user: String?
        /// `MLFLOW_TRACKING_SERVER_CERT_PATH`: a file with certificates of authorities.
        package var authorities: String?
        /// `MLFLOW_TRACKING_INSECURE_TLS`: whether to accept any certificate.
        package var takesAnyCertificate = false
        /// Seconds before each repetition of a request that was not answered.
        var pauses: [Double] = [1, 2, 4, 8, 15]

        package init() {}
    }

    /// It cannot be reached, or answers no requests at present. The request can be sent again later.
    struct Away: Error, CustomStringConvertible { let description: String }

    /// It refused a request.
    struct Refused: Error, CustomStringConvertible {
        let status: Int
        let message: String

        var description: String { "the server replied \(status): \(message)" }
    }

    /// The largest reply that is held in memory, bytes.
    private static let mostBytes = 256 << 20

    private let address: String
    private let pauses: [Double]
    private let connection: OpaquePointer
    private var hasAnswered = false

    /// - Parameter address: such as `http://host:5000`, optionally with a path
    /// - Throws: if the address is malformed, or libcurl is missing
    init(_ address: String, _ settings: Settings) throws(ImportRefusal) {
        let lower = address.lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), !address.contains(where: { "?#".contains($0) })
        else { throw ImportRefusal("it is not the address of a server, such as http://host:5000") }
        if address.contains("@") {
            throw ImportRefusal(
                "the address has a name or a password, which others on this machine could see; set "
                    + "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        pauses = settings.pauses
        var fault: UnsafePointer<CChar>?
        let made = Self.withTexts(settings.authorities, settings.user, settings.token) { authorities, user, token in
            var texts = curl_settings()
            (texts.authorities, texts.user, texts.token) = (authorities, user, token)
            texts.takes_any_certificate = settings.takesAnyCertificate
            return curl_connection_make(&texts, &fault)
        }
        guard let made else { throw ImportRefusal(fault.map { String(cString: $0) } ?? "libcurl failed") }
        connection = made
    }

    deinit { curl_connection_free(connection) }

    private static func withTexts<Result>(
        _ one: String?, _ two: String?, _ three: String?,
        _ body: (UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Result
    ) -> Result {
        func with(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
            guard let text else { return body(nil) }
            return text.withCString { body($0) }
        }
        return with(one) { one in with(two) { two in with(three) { body(one, two, $0) } } }
    }

    // MARK: Requests

    /// The object that a GET of a path such as `/api/2.0/mlflow/runs/get` replies.
    func get(_ path: String, _ query: [(name: String, value: String)] = []) throws -> MLflowParameters {
        try object(try send(Self.target(path, query), nil) { Receiver(most: Self.mostBytes) })
    }

    /// The object that a POST of JSON replies.
    func post(_ path: String, _ body: JSONObject) throws -> MLflowParameters {
        try object(try send(path, JSONWriter.compact(.object(body))) { Receiver(most: Self.mostBytes) })
    }

    /// Downloads the file at a target. Each attempt writes a new file.
    func download(_ target: String, in scratch: Scratch) throws -> StagingFile {
        let receiver = try send(target, nil) { Receiver(to: try scratch.makeFile()) }
        guard let file = receiver.file else { throw Away(description: "\(address) sent nothing") }
        _ = try file.finish()
        return file
    }

    /// A path with a query.
    static func target(_ path: String, _ query: [(name: String, value: String)]) -> String {
        if query.isEmpty { return path }
        return path + "?" + query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }

    private func object(_ receiver: Receiver) throws -> MLflowParameters {
        do throws(MLflowError) { return try MLflowParameters(body: receiver.body) } catch {
            throw Away(
                description: "\(address) is no server of MLflow, or something before it replies: \(error.message)")
        }
    }

    /// Sends a request until it is answered or all attempts failed. The first request to a server is tried only once.
    private func send(
        _ target: String, _ body: [UInt8]?, _ makeReceiver: () throws -> Receiver
    ) throws -> Receiver {
        var pauses = hasAnswered ? self.pauses[...] : []
        while true {
            let receiver = try makeReceiver()
            let reply = (address + target).withCString { url in
                let context = Unmanaged.passUnretained(receiver).toOpaque()
                guard let body else { return curl_connection_send(connection, url, nil, 0, receivePart, context) }
                return body.withUnsafeBytes {
                    let text = $0.bindMemory(to: CChar.self).baseAddress
                    return curl_connection_send(connection, url, text, $0.count, receivePart, context)
                }
            }
            if let failure = receiver.failure { throw failure }
            let isCut = reply.fault.0 != 0
            if reply.status == 200, !isCut {
                hasAnswered = true
                return receiver
            }
            let isTemporary = isCut || [408, 429, 502, 503, 504].contains(reply.status)
            if !isTemporary { throw Refused(status: reply.status, message: receiver.message) }
            guard let pause = pauses.popFirst() else {
                let reason = isCut ? Self.text(reply) : "it replied \(reply.status): \(receiver.message)"
                throw Away(description: "\(address) cannot be read now (\(reason)); import again to go on")
            }
            usleep(useconds_t(max(pause, Double(min(reply.retry_after, 60))) * 1_000_000))
        }
    }

    private static func text(_ reply: curl_reply) -> String {
        withUnsafeBytes(of: reply.fault) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// Receives a reply: into a file if the status is 200 and a file is given, else into memory.
private final class Receiver {
    let file: StagingFile?
    private let most: Int
    var body: [UInt8] = []
    var failure: (any Error)?

    init(most: Int) { (file, self.most) = (nil, most) }

    init(to file: StagingFile) { (self.file, most) = (file, 1 << 20) }

    func receive(_ status: Int, _ bytes: UnsafeRawBufferPointer) throws {
        if status == 200, let file { return try file.write(bytes) }
        guard body.count + bytes.count <= most else {
            throw ImportRefusal("the server's reply is larger than \(most) bytes")
        }
        body += bytes
    }

    /// The message of an error reply.
    var message: String {
        let said = (try? JSONValue.parse(body))?["message"]?.string ?? String(decoding: body.prefix(300), as: UTF8.self)
        return said.isEmpty ? "no message" : String(said.prefix(500))
    }
}

private func receivePart(
    _ context: UnsafeMutableRawPointer?, _ status: Int, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Bool {
    guard let context else { return false }
    let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
    do {
        try receiver.receive(status, UnsafeRawBufferPointer(start: bytes, count: count))
        return true
    } catch {
        receiver.failure = error
        return false
    }
}
