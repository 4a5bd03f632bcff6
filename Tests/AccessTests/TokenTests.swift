import Foundation
import JSON
import RunMetadata
import TestSupport
import Testing

@testable import Access

/// Tokens, their file, and how they are found.
@Suite struct TokenTests {
    private let folder = TemporaryFolder()
    private var file: TokenFile { TokenFile(runs: folder.path) }

    private func token(
        _ name: String, _ right: Right = .write, only: [String] = [], expires: Double? = nil
    ) throws -> (Token, TokenSecret) {
        let secret = try TokenSecret.make()
        let scope = RunScope(try only.map { try #require(RunIDGlob($0)) })
        return (Token(secret, name: name, right: right, scope: scope, created: 1_000_000, expires: expires), secret)
    }

    private func find(_ text: String, in table: TokenTable, at now: Double = 0) -> Grant? {
        Array(text.utf8).withUnsafeBytes { table.grant(of: $0, at: now) }
    }

    @Test func secretHas256RandomBitsInAFormThatIsRecognised() throws {
        let secrets = try (0..<200).map { _ in try TokenSecret.make() }
        for secret in secrets {
            #expect(secret.text.wholeMatch(of: /rd_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}/) != nil)
            #expect(secret.text.contains("rd_\(secret.id)_"))
        }
        #expect(Set(secrets.map(\.text)).count == 200 && Set(secrets.map(\.id)).count == 200)
        // Every character occurs, about as often as the others: 8,600 of 62 kinds.
        var counts: [Character: Int] = [:]
        for character in secrets.flatMap({ $0.text.suffix(43) }) { counts[character, default: 0] += 1 }
        #expect(counts.count == 62)
        #expect(counts.values.allSatisfy { (60...260).contains($0) })
    }

    @Test func fileKeepsAllButTheSecret() throws {
        let (one, secret) = try token("ci", .write, only: ["team-a-*", "b"], expires: 2_000_000)
        let (two, _) = try token("anna", .admin)
        try file.change { $0 += [one, two] }
        #expect(try file.read() == [one, two])
        let text = try #require(folder.text(".rundir/tokens"))
        #expect(!text.contains(secret.text) && !text.contains(String(secret.text.suffix(43))))
        #expect(text.contains("\"ci\"") && text.contains("team-a-*") && text.contains("1970-01-24T03:33:20Z"))
        for name in ["tokens", "tokens.lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/.rundir/\(name)")
            #expect((attributes[.posixPermissions] as? Int) == 0o600, "\(name)")
        }
        #expect(!folder.exists(".rundir/tokens.new"))
    }

    @Test func aTokenIsNeededAfterTheLastOneWasRevokedAlsoByTheNextServer() throws {
        func allowsAll() throws -> Bool {
            try AccessControl(AccessControl.Settings(), file: file) { 0 }.anonymous === Grant.full
        }
        #expect(try allowsAll())
        let (one, _) = try token("ci")
        try file.change { $0.append(one) }
        #expect(try !allowsAll())
        try file.change { $0.removeAll() }
        #expect(try !allowsAll())
    }

    @Test func refusedChangeChangesNothing() throws {
        struct Refused: Error {}
        let (one, _) = try token("ci")
        try file.change { $0.append(one) }
        #expect(throws: Refused.self) {
            try file.change { tokens in
                tokens.removeAll()
                throw Refused()
            }
        }
        #expect(try file.read() == [one])
    }

    @Test func changesOfManyAtOnceAreAllThere() async throws {
        let file = file
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let (made, _) = try token("t\(number)")
                group.addTask { try file.change { $0.append(made) } }
            }
            try await group.waitForAll()
        }
        #expect(Set(try file.read().map(\.name)).count == 20)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"tokens": 1}"#, #"{"tokens": [1]}"#, #"{"tokens": [{"id": "a"}]}"#,
        #"{"tokens": [{"id":"a","name":"a","right":"root","created":"2026-01-01","hash":"00"}]}"#,
    ])
    func damagedFileIsNoEmptyOne(text: String) throws {
        folder.write(".rundir/tokens", text)
        #expect(throws: TokenFile.Fault.self) { try file.read() }
    }

    /// A limit that cannot be read would otherwise be none.
    @Test(arguments: [
        ("only", "[]"), ("only", "\"a\""), ("only", "[1]"), ("only", "[\"a b\"]"), ("expires", "\"soon\""),
        ("right", "\"none\""),
    ])
    func faultyLimitIsAFault(member: String, value: String) throws {
        let (one, _) = try token("ci", only: ["a"], expires: 5)
        var object = try #require(one.json.object)
        object[member] = try JSONValue.parse(Array(value.utf8))
        #expect(Token(.object(object)) == nil)
    }

    @Test func tokenIsFoundByItsWholeTextOnly() throws {
        let (one, secret) = try token("ci")
        let (two, other) = try token("anna")
        let table = TokenTable([one, two])
        #expect(find(secret.text, in: table)?.token == one)
        #expect(find(other.text, in: table)?.token == two)
        let key = secret.text.suffix(43)
        for text in [
            "", "rd_", String(secret.text.dropLast()), secret.text + "a", "rd_\(other.id)_\(key)",
            "rd_zzzzzzzz_\(key)",
            secret.text.lowercased() == secret.text ? secret.text.uppercased() : secret.text.lowercased(),
            String(secret.text.dropLast()) + "\0",
        ] {
            #expect(find(text, in: table) == nil, "\(text)")
        }
    }

    @Test func expiryIsTheFirstSecondThatItDoesNotHold() throws {
        let (one, secret) = try token("ci", expires: 100)
        let table = TokenTable([one])
        #expect(find(secret.text, in: table, at: 99) != nil)
        #expect(find(secret.text, in: table, at: 100) == nil)
    }

    @Test func grantsStayWithTheirTokensAndEndWithThem() throws {
        let (one, secret) = try token("ci")
        let (two, other) = try token("anna")
        let first = TokenTable([one, two])
        let (kept, gone) = (try #require(find(secret.text, in: first)), try #require(find(other.text, in: first)))
        let second = TokenTable([one], replacing: first)
        #expect(find(secret.text, in: second) === kept && kept.holds(at: 0))
        #expect(find(other.text, in: second) == nil && !gone.holds(at: 0))
    }

    @Test func rightsIncludeThoseBefore() {
        #expect(Right.none < .read && Right.read < .write && Right.write < .admin)
        #expect(Right.allCases.sorted() == [.none, .read, .write, .admin])
    }

    @Test(arguments: [
        ("12h", 1_043_200.0), ("30d", 3_592_000), ("2w", 2_209_600), ("5m", 1_000_300), ("1970-02-01", 2_678_400),
        ("1970-01-24T03:33:20Z", 2_000_000),
    ])
    func lifetimeEndsThen(text: String, end: Double) { #expect(TokenLifetime.end(text, from: 1_000_000) == end) }

    @Test(arguments: ["", "0d", "-1d", "1y", "d", "soon", "1970-01-01", "1.5d", "99999999w", "9223372036854775807w"])
    func whatIsNoTimeToComeIsNoLifetime(text: String) { #expect(TokenLifetime.end(text, from: 1_000_000) == nil) }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer  abc", "abc"), ("BASIC bWU6YWJj", "abc"), ("Basic OmFiYw==", "abc"),
        ("Basic YWJjOg==", "abc"), ("Basic bWU6YTpi", "a:b"), ("Basic YWJj", nil), ("Basic ???", nil),
        ("Digest abc", nil),
        ("abc", nil), ("", nil), ("Bearer", nil),
    ])
    func tokenIsReadFromTheField(field: String, token: String?) {
        let read = Array(field.utf8).withUnsafeBytes { Credential.token(in: $0) }
        #expect(read.map { String(decoding: $0, as: UTF8.self) } == token)
    }

    @Test(arguments: [
        ("rundir_token_80=abc", "abc"), ("a=b; rundir_token_80=abc; c=d", "abc"), ("rundir_token=x", nil),
        ("rundir_token_800=x", nil), ("xrundir_token_80=x", nil), ("", nil), ("rundir_token_80", nil),
        ("rundir_token_80=", ""), ("a=rundir_token_80=x", nil),
    ])
    func tokenIsReadFromTheCookieOfItsPort(field: String, token: String?) {
        let read = Array(field.utf8).withUnsafeBytes { field in
            TokenCookie.token(named: "rundir_token_80", in: field).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(read == token)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("localhost", true), ("LOCALHOST", true),
        ("0.0.0.0", false),
        ("::", false), ("192.0.2.1", false), ("example.org", false), ("", false), ("localhost.example.org", false),
        ("::ffff:127.0.0.1", true),
    ])
    func loopbackIsTold(host: String, isLoopback: Bool) { #expect(ListenAddress.isLoopback(host) == isLoopback) }

    @Test(arguments: [
        ("https://dash.example.org", "https://dash.example.org", true),
        ("https://dash.example.org", "https://DASH.example.org:443", true),
        ("https://dash.example.org", "http://dash.example.org", false), ("http://a:8080", "http://a:8080", true),
        ("http://a:8080", "http://a", false), ("https://a", "https://a.b", false),
    ])
    func originsAreComparedAsBrowsersDo(rule: String, sent: String, isSame: Bool) throws {
        #expect((try #require(OriginRule(rule)) == #require(OriginRule(sent))) == isSame)
    }

    @Test(arguments: [
        "", "*", "null", "dash.example.org", "https://", "https://a/", "https://a/b", "ftp://a", "https://u@a",
    ])
    func whatIsNoOriginIsNoRule(text: String) { #expect(OriginRule(text) == nil) }
}
