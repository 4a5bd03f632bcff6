import Access
import Foundation
import JSON
import TestSupport
import Testing
import Yams

@testable import HTTPServer
@testable import RunAPI

/// Every route of openapi.yaml, asked with no, a wrong, an expired and an insufficient token.
@Suite struct AccessRoutesTests {
    private let api: APIFixture
    private let document: OpenAPIDocument

    init() throws {
        document = try OpenAPIDocument()
        api = try .make(tokens: [
            .init(name: "reader", right: .read), .init(name: "writer", right: .write),
            .init(name: "owner", right: .admin), .init(name: "old", right: .admin, expires: 1),
            .init(name: "elsewhere", right: .admin, only: ["team-b-*"]),
        ])
        try api.send(as: "writer", "PUT", "/runs/a")
        try api.send(as: "writer", "PUT", "/runs/a/files/kept.txt", "kept")
        try api.send(as: "writer", "POST", "/runs/a/metadata/customnotes", type: "application/json", "{}")
    }

    private static let row = #"{"epoch": 1, "loss": 0.5}"#

    /// A documented operation as a request of it, and the route that it leads to.
    private struct Asked {
        let method: String
        let target: String
        let route: Route
        let operation: Node
    }

    private struct NoRoute: Error {
        let name: String
    }

    private func asked() throws -> [Asked] {
        try document.operations.map { name, operation in
            let parts = name.replacing("{id}", with: "a").replacing("{type}", with: "customnotes")
                .replacing("/files/{path}", with: "/files/kept.txt").replacing("{path}", with: "x/y")
                .replacing("{name}", with: "busy").split(separator: " ").map(String.init)
            let match = try RunAPI.routes.match(HTTPMethod(parts[0]), RequestPath(Array(parts[1].utf8)))
            guard case .found(let route, _, _) = match else {
                throw NoRoute(name: name)
            }
            return Asked(method: parts[0], target: parts[1], route: route, operation: operation)
        }
    }

    private func send(_ asked: Asked, _ headers: [(String, String)] = []) throws -> HTTPClient.Reply {
        let body = asked.method == "GET" ? "" : Self.row
        let client = try api.client()
        try client.write(
            HTTPClient.request(
                asked.method, asked.target, type: body.isEmpty ? nil : "application/json", headers: headers,
                body: Array(body.utf8)))
        // Events have no end.
        return try client.read(hasBody: !asked.target.hasSuffix("events") || !headers.contains { $0.0 == "X-Open" })
    }

    private static func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }

    private var tree: [String: DirectoryTree.Entry] {
        DirectoryTree("\(api.folder.path)/runs").entries.filter { !$0.key.hasPrefix(".rundir") }
    }

    @Test func documentSaysWhichOperationsNeedNoToken() throws {
        #expect(document.root["security"]?.sequence?.count == 3)
        for asked in try asked() {
            let isOpen = asked.operation["security"]?.sequence.map { $0.isEmpty } ?? false
            #expect(isOpen == (asked.route.right == .none), "\(asked.route.id)")
            let statuses = document.statuses(asked.operation)
            #expect(isOpen || statuses.isSuperset(of: ["401", "403"]), "\(asked.route.id)")
        }
    }

    @Test func noTokenIsRefusedWhereOneIsNeeded() throws {
        let before = tree
        for asked in try asked() where asked.route.right != .none {
            let reply = try send(asked)
            #expect(
                reply.status == 401 && reply.slug == "token-needed", "\(asked.method) \(asked.target): \(reply.text)")
            #expect(reply.headers["www-authenticate"] == "Bearer realm=\"rundir\"")
        }
        #expect(tree == before)
    }

    @Test func whatNeedsNoTokenLooksAtNone() throws {
        let open = try asked().filter { $0.route.right == .none && !$0.target.hasPrefix("/log") }
        #expect(open.count > 8)
        for asked in open {
            for headers in [[], Self.bearer("rd_wrong"), Self.bearer(try #require(api.tokens["old"]))] {
                let reply = try send(asked, headers)
                #expect(![401, 403].contains(reply.status), "\(asked.target): \(reply.text)")
            }
        }
    }

    /// Whoever tries tokens learns nothing: unknown, revoked and expired ones are told alike.
    @Test func wrongAndExpiredTokensAreRefusedAlike() throws {
        let before = tree
        let reader = try #require(api.tokens["reader"])
        let last = reader.hasSuffix("0") ? "1" : "0"
        let tokens: [String] = [
            "rd_wrong", try #require(api.tokens["old"]), String(reader.dropLast()) + last, String(reader.dropLast()),
            reader + "0", "rd_00000000_" + String(reader.dropFirst(12)), "",
        ]
        let basic = Base64.encode(Array("me:rd_wrong".utf8))
        let fields: [String] = ["Basic \(basic)", "Basic ?", "Digest \(reader)", reader, "Bearer"]
        let wrong = tokens.map { Self.bearer($0) } + fields.map { [("Authorization", $0)] }
        for asked in try asked() where asked.route.right != .none {
            for headers in wrong {
                let reply = try send(asked, headers)
                #expect(
                    reply.status == 401 && reply.slug == "unknown-token", "\(asked.target) \(headers): \(reply.text)")
                #expect(reply.headers["www-authenticate"] == "Bearer realm=\"rundir\", error=\"invalid_token\"")
                #expect(reply.detail == Problem(AccessRefusal.unknownToken).detail)
            }
        }
        #expect(tree == before)
    }

    @Test func insufficientTokenIsRefused() throws {
        let before = tree
        for asked in try asked() {
            let name: String? =
                switch asked.route.right {
                case .none, .read: nil
                case .write: "reader"
                case .admin: "writer"
                }
            guard let name else { continue }
            let reply = try send(asked, Self.bearer(try #require(api.tokens[name])))
            #expect(
                reply.status == 403 && reply.slug == "right-missing", "\(asked.method) \(asked.target): \(reply.text)")
            #expect(reply.detail.contains("the right to \(asked.route.right.rawValue)"))
            #expect(reply.headers["www-authenticate"]?.contains("insufficient_scope") == true)
        }
        #expect(tree == before)
    }

    /// A token with every right, but for other runs.
    @Test func tokenOfOtherRunsIsRefusedForEachThatThePathNames() throws {
        let before = tree
        var count = 0
        for asked in try asked() where asked.route.right != .none {
            guard asked.route.runs != .inScope else { continue }
            count += 1
            let reply = try send(asked, Self.bearer(try #require(api.tokens["elsewhere"])))
            #expect(
                reply.status == 403 && reply.slug == "run-not-allowed", "\(asked.method) \(asked.target): \(reply.text)"
            )
            #expect(reply.detail.contains("team-b-*"))
        }
        #expect(count > 30)
        #expect(tree == before)
    }

    @Test func tokenWithTheRightIsLetIn() throws {
        for asked in try asked() where asked.target != "/login" {
            let headers = Self.bearer(try #require(api.tokens["owner"])) + [("X-Open", "1")]
            let reply = try send(asked, headers)
            #expect(![401, 403].contains(reply.status), "\(asked.method) \(asked.target): \(reply.text)")
            // What was removed is there for the next.
            try api.send(as: "owner", "PUT", "/runs/a")
        }
    }

    /// Routes without a run in their path, which handlers have to keep to the sender's runs: `LimitedTokenTests` has
    /// each.
    @Test func everyRouteThatFindsItsRunsItselfIsTried() {
        let found = RunAPI.routes.all.filter { $0.right != .none && $0.runs == .inScope }.map(\.id)
        #expect(Set(found) == LimitedTokenTests.tried)
        #expect(RunAPI.routes.all.filter { $0.runs == .all }.isEmpty)
        #expect(RunAPI.routes.all.filter { $0.runs == .made }.map(\.id) == ["createRun"])
        for route in RunAPI.routes.all where route.runs == .inPath {
            #expect(route.template.placeholders.contains(.id), "\(route.id)")
        }
    }
}
