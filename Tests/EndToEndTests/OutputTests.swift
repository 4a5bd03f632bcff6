import JSON
import TestSupport
import Testing

/// Console output as programs send it.
@Suite struct OutputTests {
    private let folder = TemporaryFolder()

    @Test func outputThatWasAcknowledgedIsThereOnceAfterEachCrash() throws {
        var expected = ""
        for round in 0..<3 {
            let server = try Server(runs: folder.path)
            let client = try server.connect()
            #expect(try client.send("PUT", "/runs/a").status == (round == 0 ? 201 : 200))
            #expect(try client.send("GET", "/runs/a/output").text == expected)
            for batch in 0..<50 {
                let lines = (0..<100).map { "round \(round) line \(batch * 100 + $0)\n" }.joined()
                #expect(try client.send("POST", "/runs/a/metadata/output", text: lines).status == 201)
                expected += lines
            }
            try server.crash()
        }
        let server = try Server(runs: folder.path)
        #expect(try server.connect().send("GET", "/runs/a/output").text == expected)
        #expect(server.text("properties/output", of: "a") == expected)
    }

    @Test func whatManyClientsAppendAtOnceIsAllThereLineByLine() throws {
        let server = try Server(runs: folder.path)
        let clients = try (0..<8).map { _ in try server.connect() }
        #expect(try clients[0].send("PUT", "/runs/a").status == 201)
        for number in 0..<50 {
            for (index, client) in clients.enumerated() {
                let line = Array("\(index) \(number)\n".utf8)
                try client.write(HTTPClient.request("POST", "/runs/a/metadata/output", body: line))
            }
            for client in clients { #expect(try client.read().status == 201) }
        }
        let lines = (server.text("properties/output", of: "a") ?? "").split(separator: "\n")
        for index in clients.indices {
            #expect(lines.filter { $0.hasPrefix("\(index) ") } == (0..<50).map { "\(index) \($0)" })
        }
        #expect(lines.count == 400)
    }

    @Test func whatAProgramPrintsIsSentByCurl() throws {
        let server = try Server(runs: folder.path)
        #expect(try server.connect().send("PUT", "/runs/a").status == 201)
        let url = "http://127.0.0.1:\(server.port)/runs/a/metadata/output"
        let program = "(echo one; echo two >&2; printf three) 2>&1"
        try Command.succeed("sh", "-c", "\(program) | curl -sSf -X POST -T - \(url)")
        try Command.succeed("sh", "-c", "\(program) | curl -sSf --data-binary @- \(url)")
        try Command.succeed(
            "sh", "-c",
            "\(program) | while IFS= read -r line || [ \"$line\" ]; do printf '%s\\n' \"$line\" | curl -sSf --data-binary @- \(url); done"
        )
        #expect(server.text("properties/output", of: "a") == "one\ntwo\nthreeone\ntwo\nthreeone\ntwo\nthree\n")
        #expect(
            try TfrunsReader(runs: server.runs).record("a")["output"]?.string?.hasPrefix("one\ntwo\nthreeone") == true)
    }
}
