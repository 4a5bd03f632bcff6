import TestSupport

/// A request to store something, which says one thing and does another. Nothing of it may be stored: its rows have
/// negative epochs, which no honest client sends.
struct Lie: Sendable {
    let name: String
    /// The request's bytes, for a run.
    let bytes: @Sendable (String) -> [UInt8]

    private static let row = #"{"epoch": -1, "loss": 6.66}"#

    private init(_ name: String, _ bytes: @escaping @Sendable (String) -> [UInt8]) {
        (self.name, self.bytes) = (name, bytes)
    }

    /// A write of a row, whose further header fields do not fit to it.
    private init(_ name: String, fields: String, body: String = row) {
        self.init(name) { run in
            Array(
                """
                POST /runs/\(run)/metadata/metrics HTTP/1.1\r
                Host: localhost\r
                Content-Type: application/json\r
                \(fields)\r
                \r
                \(body)
                """.utf8)
        }
    }

    /// A whole request with a sound head.
    private init(_ name: String, _ type: String, to target: String, _ body: [UInt8]) {
        self.init(name) { run in HTTPClient.request("POST", "/runs/\(run)/\(target)", type: type, body: body) }
    }

    private static func length(_ text: String) -> String { "Content-Length: \(text.utf8.count)" }

    static let all: [Lie] = [
        .init("a length beyond the body", fields: "Content-Length: 90000"),
        .init("a length within the body", fields: "Content-Length: \(row.utf8.count - 1)"),
        .init("two lengths", fields: "Content-Length: 5\r\n\(length(row))"),
        .init("a length and chunks", fields: "\(length(row))\r\nTransfer-Encoding: chunked"),
        .init("a coding that nobody knows", fields: "Transfer-Encoding: rot13"),
        .init("chunks without their size", fields: "Transfer-Encoding: chunked"),
        .init("chunks that do not end", fields: "Transfer-Encoding: chunked", body: "1b\r\n\(row)\r\n"),
        .init("packed, and it is not", fields: "\(length(row))\r\nContent-Encoding: gzip"),
        .init("a digest of something else", fields: "\(length(row))\r\nContent-MD5: MTIzNDU2Nzg5MDEyMzQ1Ng=="),
        .init("an origin elsewhere", fields: "\(length(row))\r\nOrigin: http://other.example"),
        .init("two hosts", fields: "\(length(row))\r\nHost: localhost"),
        .init("another expectation", fields: "\(length(row))\r\nExpect: 200-ok"),
        .init("a request in a body", fields: "Content-Length: 0, 0", body: "DELETE /runs/x HTTP/1.1\r\n\r\n"),
        .init("a row that is cut", fields: length(String(row.dropLast())), body: String(row.dropLast())),
        .init(
            "a row twice, once spoilt", "application/json", to: "metadata/metrics",
            Array(#"[\#(row), {"loss": "x"}]"#.utf8)),
        .init("rows that are no text", "application/x-ndjson", to: "metadata/metrics", Array("\(row)\n".utf8) + [0xFF]),
        .init(
            "a form without end", "multipart/form-data; boundary=b", to: "metadata/metrics",
            Array("--b\r\n\r\n\(row)".utf8)),
        .init("source that is no archive", "application/gzip", to: "metadata/source", [0x1F, 0x8B, 8, 0, 1, 2, 3]),
        .init("flags of 1,000 levels", "application/json", to: "metadata/flags", [UInt8](repeating: 0x5B, count: 1000)),
        .init("a property outside", "application/json", to: "metadata/properties", Array(#"{"../../x": "y"}"#.utf8)),
        .init("a file outside", "text/plain", to: "files/../../x", Array("x".utf8)),
        .init("a type that nobody registered", "application/json", to: "metadata/nothing", Array(row.utf8)),
    ]
}
