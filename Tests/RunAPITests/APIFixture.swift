import Access
import DirectoryStore
import Foundation
import JSON
import LocalFiles
import Logging
import MetadataWriters
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// The whole server over a store in a temporary folder.
final class APIFixture: Sendable {
    let folder = TemporaryFolder()
    let client: @Sendable () throws -> HTTPClient
    private let server: HTTPServer
    private let workers: Workers
    private let store: DirectoryRunStore
    let api: RunAPI
    let control: AccessControl
    let audit: AuditLog
    /// The tokens as their holders have them, by name.
    let tokens: [String: String]

    private struct Commits: GatheredWork {
        let store: DirectoryRunStore
        var isWaiting: Bool { store.hasWaitingWrites }
        func perform() { store.commit() }
    }

    /// A token of a fixture, which has the fixture's name for it.
    struct TokenSettings {
        let name: String
        let right: Right
        var only: [String] = []
        var expires: Double?
    }

    static func make(
        maxBody: Int = 1 << 20, maxUpload: Int = 4 << 20, tokens: [TokenSettings] = [],
        access: AccessControl.Settings = AccessControl.Settings(), origins: [String] = [],
        rates: RequestRates.Limits = RequestRates.Limits(), rules: RunRules = RunRules(),
        events: EventHub.Limits = EventHub.Limits(),
        log: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) throws -> APIFixture {
        try APIFixture(
            maxBody: maxBody, maxUpload: maxUpload, tokens: tokens, access: access, origins: origins, rates: rates,
            rules: rules, events: events, log: log)
    }

    private init(
        maxBody: Int, maxUpload: Int, tokens: [TokenSettings], access: AccessControl.Settings, origins: [String],
        rates: RequestRates.Limits, rules: RunRules, events: EventHub.Limits, log: Logger
    ) throws {
        // As the server does at its start.
        signal(SIGPIPE, SIG_IGN)
        setlocale(LC_CTYPE, "C.UTF-8")
        folder.write("allowed/project/train.py", "print()\n")
        var storeSettings = StoreSettings()
        // On a busy machine, too.
        storeSettings.indexWait = 60
        storeSettings.rules = rules
        store = try DirectoryRunStore(runs: "\(folder.path)/runs", settings: storeSettings, log: log)
        var settings = RunAPI.Settings()
        (settings.maxBody, settings.maxUpload) = (maxBody, maxUpload)
        settings.events = events
        let source = SourceWriter(
            roots: ["\(folder.path)/allowed"], limits: .init(bytes: maxUpload),
            script: { [store] in store.script(of: $0) }, makeStagingFile: { [store] in try store.scratch.makeFile() })
        let writers = try WriterRegistry(WriterRegistry.standard(source: source) + [NotesWriter()])
        workers = Workers(threads: 2)
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        api = RunAPI(
            store: store, scratch: store.scratch, writers: writers, settings: settings, log: log)
        // As `rundir serve` puts it together.
        let file = TokenFile(runs: "\(folder.path)/runs")
        self.tokens = try Self.make(tokens, in: file)
        control = try AccessControl(access, file: file, log: log, clock: wallClock)
        audit = AuditLog(AuditFolder(runs: "\(folder.path)/runs"), log: log)
        let sharing = OriginSharing(try origins.map { try #require(OriginRule($0)) })
        let handler = AccessChecks(
            origins: RequestOrigin(sharing: sharing), control: control, rates: RequestRates(rates),
            audit: RequestAudit(audit)
        ).before(api)
        server = try HTTPServer(sockets: [socket], handler: handler, work: Commits(store: store), workers: workers)
        store.onWaiting { [unowned server] in server.wake() }
        client = { [port = server.port] in try HTTPClient(port: port, recorder: .shared) }
    }

    deinit {
        server.stop()
        workers.stop()
        audit.stop()
        store.close()
    }

    private static func make(_ tokens: [TokenSettings], in file: TokenFile) throws -> [String: String] {
        if tokens.isEmpty { return [:] }
        var secrets: [String: String] = [:]
        try file.change { list in
            for token in tokens {
                let secret = try TokenSecret.make()
                secrets[token.name] = secret.text
                list.append(
                    Token(
                        secret, name: token.name, right: token.right,
                        scope: RunScope(try token.only.map { try #require(RunIDGlob($0)) }), created: 0,
                        expires: token.expires))
            }
        }
        return secrets
    }

    /// Sends a request by a token of this name.
    @discardableResult
    func send(
        as name: String, _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [],
        _ text: String = ""
    ) throws -> HTTPClient.Reply {
        let token = try #require(tokens[name])
        return try send(
            method, target, type: type, headers: headers + [("Authorization", "Bearer \(token)")], text)
    }

    /// Sends one request on a connection of its own.
    @discardableResult
    func send(
        _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [], _ text: String = ""
    ) throws -> HTTPClient.Reply {
        try client().send(method, target, type: type, headers: headers, text: text)
    }

    /// The text of a file in a run's data directory.
    func file(_ path: String, of run: String) -> String? { folder.text("runs/\(run)/tfruns.d/\(path)") }
}

/// A writer of the type `customnotes`: keeps a JSON object as it came.
struct NotesWriter: MetadataWriter {
    let type = MetadataType("customnotes")!
    let summary = "An object, kept as it came."
    let forms: [BodyForm] = [.json, .form]
    let document: StoredDocument? = .file(DataPath("notes.json")!, mediaType: "application/json")

    func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        guard case .json(let bytes) = body, let path = DataPath("notes.json") else {
            throw MetadataFault.shape(nil, "customnotes: no JSON")
        }
        return [.put(path, bytes)]
    }
}

extension HTTPClient.Reply {
    /// A problem's slug, the last part of its `type`, where the reply is a problem with all that belongs to one.
    var slug: String? {
        guard headers["content-type"] == "application/problem+json", let problem = try? json,
            problem["status"]?.number?.int == status, problem["title"]?.string?.isEmpty == false,
            problem["detail"]?.string?.isEmpty == false, problem["request_id"]?.string?.isEmpty == false,
            let type = problem["type"]?.string, type.hasPrefix("/problems/")
        else { return nil }
        return String(type.dropFirst("/problems/".count))
    }

    var detail: String { (try? json)?["detail"]?.string ?? text }
}

/// The answers of the API to bad requests.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let method: String
    let target: String
    var type: String?
    var headers: [String: String] = [:]
    var body = ""
    let status: Int
    let slug: String
    let detail: String

    init(
        _ method: String, _ target: String, type: String? = nil, headers: [String: String] = [:], _ body: String,
        _ status: Int, _ slug: String, _ detail: String = ""
    ) {
        (self.method, self.target, self.type, self.headers) = (method, target, type, headers)
        (self.body, self.status, self.slug, self.detail) = (body, status, slug, detail)
    }

    /// One without a body.
    init(
        _ method: String, _ target: String, headers: [String: String] = [:], _ status: Int, _ slug: String,
        _ detail: String = ""
    ) {
        self.init(method, target, headers: headers, "", status, slug, detail)
    }

    var testDescription: String { "\(method) \(target.prefix(80)) \(body.prefix(40))" }

    @discardableResult
    func check(_ api: APIFixture, sourceLocation: SourceLocation = #_sourceLocation) throws -> HTTPClient.Reply {
        let reply = try api.client()
            .send(method, target, type: type, headers: headers.map { ($0.key, $0.value) }, text: body)
        #expect(reply.status == status, "\(reply.text)", sourceLocation: sourceLocation)
        #expect(reply.slug == slug, "\(reply.text)", sourceLocation: sourceLocation)
        #expect(detail.isEmpty || reply.detail.contains(detail), "\(reply.detail)", sourceLocation: sourceLocation)
        return reply
    }
}
