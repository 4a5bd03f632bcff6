import Dispatch
import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

/// Something else, such as R, rewrites files of a run in place while they are read.
@Suite struct RewritingWriterTests {
    private let folder = TemporaryFolder()
    private let server: Server

    init() throws {
        server = try Server(runs: folder.path)
        #expect(try HTTPClient(port: server.port).send("PUT", "/runs/a").status == 201)
    }

    private func path(_ name: String) -> String { "\(folder.path)/a/tfruns.d/\(name)" }

    /// Empties a file and writes it in parts, as R's connections do, time and again on a thread of its own.
    private final class Rewriter: Sendable {
        private let isStopping = Atomic(false)
        private let hasEnded = DispatchSemaphore(value: 0)
        /// How long the file is whole before it is emptied again, in microseconds.
        private let rest: Atomic<UInt32>

        init(_ path: String, _ texts: [[UInt8]], part: Int, pause microseconds: UInt32) {
            rest = Atomic(20 * microseconds)
            DispatchQueue(label: "rewriter").async { [self] in
                for round in 0... {
                    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
                    let text = texts[round % texts.count]
                    usleep(microseconds)
                    for start in stride(from: 0, to: text.count, by: part) {
                        text[start..<min(start + part, text.count)].withUnsafeBytes { bytes in
                            _ = write(file, bytes.baseAddress, bytes.count)
                        }
                        usleep(microseconds)
                    }
                    close(file)
                    usleep(rest.load(ordering: .relaxed))
                    if isStopping.load(ordering: .relaxed) { break }
                }
                hasEnded.signal()
            }
        }

        /// From now on the file is whole twice as long, 5 seconds at most.
        func slowDown() {
            rest.store(min(2 * rest.load(ordering: .relaxed), 5_000_000), ordering: .relaxed)
        }

        func stop() {
            isStopping.store(true, ordering: .relaxed)
            hasEnded.wait()
        }
    }

    /// Replies to requests of several readers, for so many seconds; what is wrong with them. Where none was whole by
    /// then, as on a busy machine, the writer gives them more and more time, until one is, for a minute at most.
    private func read(
        _ target: String, beside rewriter: Rewriter, readers: Int = 4, seconds: Double,
        _ isWhole: @escaping @Sendable (HTTPClient.Reply) -> Bool
    ) throws -> (whole: Int, refused: Int, faults: [String]) {
        let found = Mutex((whole: 0, refused: 0, faults: [String]()))
        let until = ContinuousClock.now + .seconds(seconds)
        let latest = until + .seconds(60)
        let server = server
        DispatchQueue.concurrentPerform(iterations: readers) { _ in
            do {
                let client = try HTTPClient(port: server.port)
                while ContinuousClock.now < (found.withLock { $0.whole } > 0 ? until : latest) {
                    if ContinuousClock.now > until { rewriter.slowDown() }
                    let reply = try client.send("GET", target)
                    found.withLock { found in
                        switch reply.status {
                        case 200 where isWhole(reply): found.whole += 1
                        case 503
                        where reply.headers["retry-after"] != nil
                            && reply.problem["type"] == "/problems/being-written" && reply.faultsAsProblem.isEmpty:
                            found.refused += 1
                        default: found.faults.append("\(reply.status) \(reply.body.count) \(reply.text.prefix(200))")
                        }
                    }
                }
            } catch { found.withLock { $0.faults.append("\(error)") } }
        }
        return found.withLock { $0 }
    }

    private static func frame(_ rows: Int, _ loss: String) -> [UInt8] {
        Array("{\n  \"epoch\": [\((1...rows).map(String.init).joined(separator: ", "))],\n".utf8)
            + Array("  \"loss\": [\(repeatElement(loss, count: rows).joined(separator: ", "))]\n}\n".utf8)
    }

    /// With rows that were sent before, and without.
    @Test(arguments: [true, false])
    func aLargeFrameIsReadWholeOrRefused(_ hasRows: Bool) throws {
        if hasRows {
            let client = try HTTPClient(port: server.port)
            #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 3}"#).status == 201)
            #expect(try client.send("GET", "/runs/a/metrics").status == 200)
        }
        let texts = [Self.frame(30_000, "0.5"), Self.frame(40_000, "0.25")]
        // Whole once, so that what is read is never older.
        try Data(texts[1]).write(to: URL(filePath: path("metrics.json")))
        #expect(try HTTPClient(port: server.port).send("GET", "/runs/a/metrics").body == texts[1])
        let rewriter = Rewriter(path("metrics.json"), texts, part: 100 << 10, pause: 2000)
        for target in ["/runs/a/metrics", "/runs/a/metadata/metrics", "/runs/a/files/tfruns.d/metrics.json"] {
            let replies = try read(target, beside: rewriter, seconds: 1) { texts.contains($0.body) }
            #expect(replies.faults.isEmpty, "\(target): \(replies.faults.prefix(5))")
            #expect(replies.whole > 0, "\(target)")
        }
        rewriter.stop()
        let reply = try HTTPClient(port: server.port).send("GET", "/runs/a/metrics")
        #expect(texts.contains(reply.body))
    }

    @Test func pointsOfAFrameThatIsBeingWrittenAreWholeOrRefused() throws {
        let texts = [Self.frame(20_000, "0.5"), Self.frame(30_000, "0.25")]
        try Data(texts[0]).write(to: URL(filePath: path("metrics.json")))
        let rewriter = Rewriter(path("metrics.json"), texts, part: 64 << 10, pause: 1000)
        let replies = try read("/runs/a/metrics?after=0&columns=loss", beside: rewriter, seconds: 2) { reply in
            let losses = (try? reply.json["loss"]?.array?.count) ?? 0
            return losses == 20_000 || losses == 30_000
        }
        rewriter.stop()
        #expect(replies.faults.isEmpty, "\(replies.faults.prefix(5))")
        #expect(replies.whole > 0)
    }

    @Test(arguments: ["flags", "evaluation", "error"])
    func aDocumentIsReadWholeOrRefused(_ type: String) throws {
        let documents = (1...2).map { number in
            Array(#"{"message": "\#(String(repeating: "\(number)", count: 5000))", "a": {"b": [1, 2]}}"#.utf8)
        }
        try Data(documents[0]).write(to: URL(filePath: path("\(type).json")))
        let rewriter = Rewriter(path("\(type).json"), documents, part: 2500, pause: 1000)
        let replies = try read("/runs/a/metadata/\(type)", beside: rewriter, seconds: 1) { documents.contains($0.body) }
        let run = try read("/runs/a", beside: rewriter, seconds: 1) { reply in
            let run = try? reply.json
            return type != "flags" || run?["flag_message"]?.string?.count == 5000
        }
        rewriter.stop()
        #expect(replies.faults.isEmpty && run.faults.isEmpty, "\(replies.faults.prefix(3)) \(run.faults.prefix(3))")
        #expect(replies.whole > 0 && run.whole > 0)
    }

    @Test func aPropertyIsReadWhole() throws {
        try Data("one\n".utf8).write(to: URL(filePath: path("properties/note")))
        let rewriter = Rewriter(
            path("properties/note"), [Array("one\n".utf8), Array("two\n".utf8)], part: 4, pause: 500)
        let replies = try read("/runs/a/metadata/properties", beside: rewriter, seconds: 1) { reply in
            ["one", "two"].contains((try? reply.json["note"]?.string) ?? "")
        }
        rewriter.stop()
        #expect(replies.faults.isEmpty && replies.whole > 0, "\(replies.faults.prefix(3))")
    }

    // MARK: Cut off for good

    @Test(arguments: ["", "{\"lr\": 0.1, \"opt\": \"ad", "{\"a\": {\"b\": [1]}", "\u{0}\u{0}\u{0}"])
    func whatIsCutOffIsRefusedEverywhereAndTheListingKeepsWhatWasKnown(_ text: String) throws {
        let client = try HTTPClient(port: server.port)
        for (name, whole) in [
            ("flags.json", #"{"lr": 0.5}"#), ("evaluation.json", #"{"acc": 0.75}"#),
            ("metrics.json", #"{"loss": [0.25]}"#),
            ("error.json", #"{"message": "m"}"#),
        ] { folder.write("a/tfruns.d/\(name)", whole) }
        func listed() throws -> JSONValue? { try client.send("GET", "/runs").json["runs"]?.array?.first }
        #expect(try listed()?["flag_lr"] == 0.5)
        for name in ["flags", "evaluation", "metrics", "error"] {
            folder.write("a/tfruns.d/\(name).json", text)
            for target in ["/runs/a/metadata/\(name)", "/runs/a/files/tfruns.d/\(name).json"] {
                let reply = try client.send("GET", target)
                #expect(reply.status == 503 && reply.headers["retry-after"] == "1", "\(target): \(reply.text)")
                #expect(reply.problem["type"] == "/problems/being-written")
            }
        }
        for target in ["/runs/a/metrics", "/runs/a/metrics?points=10", "/runs/a/metrics?format=csv"] {
            #expect(try client.send("GET", target).status == 503, "\(target)")
        }
        for (method, target, body) in [
            ("PATCH", "/runs/a/metadata/flags", #"{"x": 1}"#), ("POST", "/runs/a/metadata/metrics", #"{"loss": 1}"#),
            ("POST", "/runs/a/metadata/metrics", #"{"loss": [1]}"#),
        ] {
            let reply = try client.sendJSON(method, target, body)
            #expect(
                reply.status == 503 && reply.headers["retry-after"] == "1", "\(target): \(reply.status) \(reply.text)")
        }
        for run in [try listed(), try client.send("GET", "/runs/a").json] {
            #expect(
                run?["flag_lr"] == 0.5 && run?["eval_acc"] == 0.75 && run?["metric_loss"] == 0.25,
                "\(String(describing: run))")
        }
        // And once they are whole again, or written anew over HTTP, all is as it should be.
        folder.write("a/tfruns.d/flags.json", #"{"lr": 7}"#)
        folder.write("a/tfruns.d/error.json", #"{"message": "m"}"#)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/evaluation", #"{"acc": 8}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics?replace=true", #"{"loss": [9]}"#).status == 201)
        #expect(try listed()?["flag_lr"] == 7)
        #expect(try listed()?["eval_acc"] == 8)
        #expect(try listed()?["metric_loss"] == 9)
    }
}
