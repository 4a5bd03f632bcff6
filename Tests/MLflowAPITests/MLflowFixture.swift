import Access
import DirectoryStore
import Foundation
import JSON
import LocalFiles
import Logging
import MetadataWriters
import RunStore
import TestSupport
import Testing

@testable import HTTPServer
@testable import MLflowAPI
@testable import RunAPI

/// The server with both APIs over a store in a temporary folder, as `rundir serve` puts it together.
final class MLflowFixture: Sendable {
    let folder = TemporaryFolder()
    private let server: HTTPServer
    private let workers: Workers
    let store: DirectoryRunStore
    private let api: RunAPI
    private let audit: AuditLog

    private struct Commits: GatheredWork {
        let store: DirectoryRunStore
        var isWaiting: Bool { store.hasWaitingWrites }
        func perform() { store.commit() }
    }

    /// The tokens as their holders have them, by name.
    private let tokens: [String: String]

    /// - Parameter tokens: each with a name, a right, and the runs that it is limited to, if any
    static func make(tokens: [(name: String, right: Right, only: [String])] = []) throws -> MLflowFixture {
        try MLflowFixture(tokens)
    }

    private init(_ wanted: [(name: String, right: Right, only: [String])]) throws {
        signal(SIGPIPE, SIG_IGN)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var storeSettings = StoreSettings()
        // On a busy machine, too.
        storeSettings.indexWait = 60
        store = try DirectoryRunStore(runs: "\(folder.path)/runs", settings: storeSettings, log: log)
        workers = Workers(threads: 2)
        let source = SourceWriter(
            roots: [], limits: .init(bytes: 1 << 20), script: { [store] in store.script(of: $0) },
            makeStagingFile: { [store] in try store.scratch.makeFile() })
        api = RunAPI(
            store: store, scratch: store.scratch, writers: try WriterRegistry(WriterRegistry.standard(source: source)),
            log: log)
        let mlflow = MLflowAPI(store: store, scratch: store.scratch, beside: api, log: log)
        let file = TokenFile(runs: "\(folder.path)/runs")
        tokens = try Self.make(wanted, in: file)
        let control = try AccessControl(AccessControl.Settings(), file: file, log: log, clock: wallClock)
        audit = AuditLog(AuditFolder(runs: "\(folder.path)/runs"), log: log)
        let checks = AccessChecks(origins: RequestOrigin(), control: control, audit: RequestAudit(audit))
        let behindChecks = checks.before(mlflow)
        let handler = PrefixedHandlers(MLflowAPI.prefixes.map { ($0, behindChecks) }, otherwise: checks.before(api))
        server = try HTTPServer(
            sockets: [ListeningSocket(host: "127.0.0.1", port: 0)], handler: handler, work: Commits(store: store),
            workers: workers)
        store.onWaiting { [unowned server] in server.wake() }
    }

    deinit {
        server.stop()
        workers.stop()
        audit.stop()
        store.close()
    }

    /// The lines of the audit log.
    func audited() throws -> [JSONObject] {
        var entries: [JSONObject] = []
        try AuditFolder(runs: "\(folder.path)/runs").read { entries.append($0) }
        return entries
    }

    private static func make(
        _ tokens: [(name: String, right: Right, only: [String])], in file: TokenFile
    ) throws -> [String: String] {
        if tokens.isEmpty { return [:] }
        var secrets: [String: String] = [:]
        try file.change { list in
            for (name, right, only) in tokens {
                let secret = try TokenSecret.make()
                secrets[name] = secret.text
                let scope = RunScope(try only.map { try #require(RunIDGlob($0)) })
                list.append(Token(secret, name: name, right: right, scope: scope, created: 0, expires: nil))
            }
        }
        return secrets
    }

    /// The field that sends a token.
    func `as`(_ name: String) -> [(String, String)] { [("Authorization", "Bearer \(tokens[name]!)")] }

    func send(
        _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [], _ text: String = ""
    ) throws -> HTTPClient.Reply {
        try HTTPClient(port: server.port).send(method, target, type: type, headers: headers, text: text)
    }

    /// Sends JSON to a path behind `/api/2.0/mlflow/`.
    func post(_ path: String, _ body: JSONValue) throws -> HTTPClient.Reply {
        try send(
            "POST", "/api/2.0/mlflow/\(path)", type: "application/json",
            String(decoding: JSONWriter.compact(body), as: UTF8.self))
    }

    /// The same, whose reply has to be 200.
    @discardableResult
    func done(_ path: String, _ body: JSONValue, _ place: SourceLocation = #_sourceLocation) throws -> JSONObject {
        let reply = try post(path, body)
        #expect(reply.status == 200, "\(path): \(reply.text)", sourceLocation: place)
        return try #require(JSONValue.parse(reply.body).object, sourceLocation: place)
    }

    func get(_ path: String, _ place: SourceLocation = #_sourceLocation) throws -> JSONObject {
        let reply = try send("GET", "/api/2.0/mlflow/\(path)")
        #expect(reply.status == 200, "\(path): \(reply.text)", sourceLocation: place)
        return try #require(JSONValue.parse(reply.body).object, sourceLocation: place)
    }

    /// The error code of a request that has to fail, and the status.
    func refusal(_ path: String, _ body: JSONValue) throws -> String {
        let reply = try post(path, body)
        return "\(reply.status) \(try JSONValue.parse(reply.body)["error_code"]?.string ?? "")"
    }

    /// Begins a run in an experiment; its id.
    func run(_ experiment: String = "0", _ more: JSONObject = JSONObject()) throws -> String {
        var body = more
        body["experiment_id"] = .string(experiment)
        let reply = try done("runs/create", .object(body))
        return try #require(reply["run"]?["info"]?["run_id"]?.string)
    }

    /// The ids of the runs that a filter finds, joined.
    func found(_ filter: String, experiment: String = "0", order: [JSONValue] = []) throws -> [String] {
        let reply = try done(
            "runs/search",
            ["experiment_ids": [.string(experiment)], "filter": .string(filter), "order_by": .array(order)])
        return (reply["runs"]?.array ?? []).compactMap { $0["info"]?["run_id"]?.string }
    }

    /// The text of a file in a run's data directory.
    func file(_ path: String, of run: String) -> String? { folder.text("runs/\(run)/tfruns.d/\(path)") }
}
