import JSON
import TestSupport
import Testing

/// What Keras' callback `RemoteMonitor` sends, with the server's address as its `root` and the active run's metrics as
/// its `path`, byte for byte: by `requests.post(url, json=…)` or, without `send_as_json`, `requests.post(url, {"data":
/// …})`.
@Suite struct RemoteMonitorTests {
    private static let target = "/runs/active/metadata/metrics"
    private static let rows = [
        #"{"epoch": 0, "loss": 0.76, "val_loss": 0.84}"#,
        #"{"epoch": 1, "loss": 0.5, "val_loss": 0.61}"#,
    ]

    /// How the callback is set up.
    enum Form: CaseIterable, CustomTestStringConvertible {
        case json
        case field

        var testDescription: String { self == .json ? "send_as_json=True" : "field data" }

        /// A request as `requests` makes it.
        func request(_ json: String, port: Int) -> [UInt8] {
            let body = self == .json ? json : "data=" + Self.quotePlus(json)
            let type = self == .json ? "application/json" : "application/x-www-form-urlencoded"
            return Array(
                """
                POST \(RemoteMonitorTests.target) HTTP/1.1\r
                Host: localhost:\(port)\r
                User-Agent: python-requests/2.32.3\r
                Accept-Encoding: gzip, deflate\r
                Accept: */*\r
                Connection: keep-alive\r
                Content-Length: \(body.utf8.count)\r
                Content-Type: \(type)\r
                \r
                \(body)
                """.utf8)
        }

        /// Python's `urllib.parse.quote_plus`.
        static func quotePlus(_ text: String) -> String {
            text.utf8.reduce(into: "") { encoded, byte in
                let character = Character(UnicodeScalar(byte))
                if character.isLetter || character.isNumber || "_.-~".contains(character) {
                    encoded.append(character)
                } else if character == " " {
                    encoded.append("+")
                } else {
                    let digits = String(byte, radix: 16, uppercase: true)
                    encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
                }
            }
        }
    }

    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path)
        client = try server.connect()
    }

    @Test("Epochs of a run that is active are written", arguments: Form.allCases)
    func epochsOfAnActiveRunAreWritten(form: Form) throws {
        let run = try created()
        try report(form, status: 201)
        try expectFrame(of: run)
    }

    @Test("Epochs without a run wait for the one that is initialised next", arguments: Form.allCases)
    func epochsWithoutARunWait(form: Form) throws {
        try report(form, status: 202)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.isEmpty == true)
        let run = try created()
        try expectFrame(of: run)
        // They are that run's, and no later one's.
        #expect(try client.sendEmpty("POST", "/runs/active/complete").status == 200)
        let next = try created()
        #expect(next != run)
        expectProblem(try client.send("GET", "/runs/\(next)/metadata/metrics"), 404)
    }

    @Test("An epoch reported before the run and one after it are one frame", arguments: Form.allCases)
    func epochsBeforeAndAfterTheRunAreOneFrame(form: Form) throws {
        try client.write(form.request(Self.rows[0], port: server.port))
        #expect(try client.read().status == 202)
        let run = try created()
        try client.write(form.request(Self.rows[1], port: server.port))
        #expect(try client.read().status == 201)
        try expectFrame(of: run)
    }

    @Test("A loss that is NaN is kept as Python's json writes it", arguments: Form.allCases)
    func lossThatIsNaNIsKept(form: Form) throws {
        let run = try created()
        try client.write(form.request(#"{"epoch": 0, "loss": NaN, "val_loss": -Infinity}"#, port: server.port))
        #expect(try client.read().status == 201)
        let frame = try client.send("GET", "/runs/\(run)/metadata/metrics").json
        #expect(frame["loss"] == .array([.string("NaN")]))
        #expect(frame["val_loss"] == .array([.string("-Inf")]))
    }

    private func report(_ form: Form, status: Int) throws {
        for row in Self.rows {
            try client.write(form.request(row, port: server.port))
            let reply = try client.read()
            #expect(reply.status == status, "\(reply.text)")
        }
    }

    private func created() throws -> String {
        let reply = try client.sendEmpty("POST", "/runs")
        #expect(reply.status == 201)
        let location = try #require(reply.headers["location"])
        return String(location.dropFirst("/runs/".count))
    }

    private func expectFrame(of run: String) throws {
        let expected = """
            {
              "epoch": [0, 1],
              "loss": [0.76, 0.5],
              "val_loss": [0.84, 0.61]
            }

            """
        #expect(try client.send("GET", "/runs/\(run)/metadata/metrics").text == expected)
        #expect(server.text("metrics.json", of: run) == expected)
    }
}
