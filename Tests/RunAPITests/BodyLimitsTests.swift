import JSON
import Limits
import MetadataWriters
import TestSupport
import Testing

@testable import RunAPI

/// What all parts of a body may have together, and what a small body may become.
@Suite struct BodyLimitsTests {
    private let api: APIFixture
    private let type = "multipart/form-data; boundary=BB"

    init() throws {
        api = try .make(maxUpload: 16 << 20)
        try api.send("PUT", "/runs/a")
    }

    @Test(arguments: ["source", "flags"])
    func fieldsOfAFormAreLimitedTogether(metadata: String) throws {
        // Each is small enough, all together are not.
        let fields = (0..<12).map { ("f\($0)", String(repeating: "x", count: 100_000)) }
        let problem = try api.send("POST", "/runs/a/metadata/\(metadata)", type: type, multipart(fields))
        #expect(problem.status == 413, "\(problem.text)")
        #expect(problem.text.contains("--max-body"))
        let few = try api.send("POST", "/runs/a/metadata/flags", type: type, multipart(Array(fields.prefix(9))))
        #expect(few.status == 201, "\(few.text)")
    }

    @Test func partsOfAFormAreCounted() throws {
        let parts = (0...100_000).map { _ in "--BB\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n" }.joined()
        let problem = try api.send("POST", "/runs/a/metadata/source", type: type, parts + "--BB--\r\n")
        #expect(problem.status == 413, "\(problem.text)")
        #expect(problem.text.contains("over 100000 entries (--max-entries)"))
    }

    @Test(arguments: ["/runs/a/metadata/flags", "/runs/b"])
    func fieldsOfAPlainFormAreCounted(target: String) throws {
        let body = String(repeating: "a&", count: 100_001)
        let type = "application/x-www-form-urlencoded"
        let problem = try api.send(target == "/runs/b" ? "PUT" : "POST", target, type: type, body)
        #expect(problem.status == 413, "\(problem.text)")
        #expect(problem.text.contains("--max-entries"))
    }

    @Test func aFileOfAFormThatComesInPiecesIsOneFile() throws {
        // libmicrohttpd tells of a part before its first byte where that is in another piece of the body.
        let head = "--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.py\"\r\n\r\n"
        let client = try api.client()
        try client.write(
            Array(
                ("POST /runs/a/metadata/source HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n").utf8))
        // The sink gets a megabyte at a time: a first file fills it up to the end of the second one's head.
        let first = head.replacing("a.py", with: "first.bin")
        let filling = String(repeating: "x", count: (1 << 20) - first.utf8.count - 2 - head.utf8.count)
        for part in [first + filling + "\r\n" + head, "print()\n\r\n--BB--\r\n"] {
            try client.write(Array("\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n".utf8))
        }
        try client.write(Array("0\r\n\r\n".utf8))
        let reply = try client.read()
        #expect(reply.status == 201, "\(reply.text)")
    }

    // MARK: Values

    @Test func valuesOfADocumentAreCountedOutsideOfStrings() throws {
        let limit = Limit(.values, most: 10, setting: "--max-body")
        let many = "[" + String(repeating: "1,", count: 10) + "1]"
        #expect(throws: LimitExceeded(limit)) { try ValueCount.check(Array(many.utf8), form: .json, limit: limit) }
        #expect(throws: LimitExceeded.self) {
            try ValueCount.check(Array(String(repeating: "{}\n", count: 11).utf8), form: .ndjson, limit: limit)
        }
        #expect(throws: LimitExceeded.self) {
            try ValueCount.check(Array(String(repeating: "1,", count: 20).utf8), form: .csv, limit: limit)
        }
        let text = #"["\"# + "\"" + String(repeating: ",", count: 50) + #"\\",1]"#
        try ValueCount.check(Array(text.utf8), form: .json, limit: limit)
    }

    @Test func aDocumentOfTooManyValuesIsRefused() throws {
        let api = try APIFixture.make(maxBody: 8 << 20)
        let body = #"{"a":["# + String(repeating: "1,", count: 3 << 20) + "1]}"
        let problem = try api.send("PUT", "/runs/b", type: "application/json", #"{"flags":"# + body + "}")
        #expect(problem.status == 413, "\(problem.text)")
        #expect(problem.text.contains("values (--max-body)"))
    }
}
