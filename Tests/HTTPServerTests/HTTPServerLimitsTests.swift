import HTTPServer
import TestSupport
import Testing

/// The limits of a request's head.
@Suite(.overBothTransports) struct HTTPServerLimitsTests {
    private static let limits = ServerLimits()

    /// A request that is so many bytes longer than the limit of the head, over the whole of the connection's memory,
    /// too.
    private static let excesses = [1, 100, 1000, 1500, 1900, 2000, 2048, 3000, 20_000, 200_000]

    @Test func targetUpToTheLimitIsTaken() throws {
        let server = try RunningServer.make()
        let path = "/" + String(repeating: "a", count: Self.limits.target - 1)
        #expect(try server.client().send("GET", path).text == "GET \(path) ")
    }

    @Test(arguments: [1, 500, 1500] + excesses.map { $0 + limits.head - limits.target })
    func targetOverTheLimitGets414AndCloses(excess: Int) throws {
        let server = try RunningServer.make()
        let client = try server.client()
        try? client.write(
            HTTPClient.request("GET", "/" + String(repeating: "a", count: Self.limits.target - 1 + excess)))
        #expect(try client.read().status == 414)
        #expect(client.isClosed())
    }

    @Test func headUpToTheLimitIsTaken() throws {
        let server = try RunningServer.make()
        #expect(try server.client().send("GET", "/", headers: [Self.header(ofHead: Self.limits.head)]).status == 200)
    }

    @Test(arguments: excesses)
    func headOverTheLimitGets431AndCloses(excess: Int) throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let header = Self.header(ofHead: Self.limits.head + excess)
        try? client.write(HTTPClient.request("GET", "/", headers: [header]))
        #expect(try client.read().status == 431)
        #expect(client.isClosed())
    }

    @Test(arguments: [330, 400, 700, 5000])
    func manySmallHeadersCountTogether(count: Int) throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let headers = (0..<count).map { ("X-\($0)", "some value") }
        try? client.write(HTTPClient.request("GET", "/", headers: headers))
        #expect(try client.read().status == 431)
        #expect(client.isClosed())
    }

    @Test func faultsOfTheServerAreToldByTheHandler() throws {
        let server = try RunningServer.make()
        let path = "/" + String(repeating: "a", count: Self.limits.target)
        #expect(try server.client().send("GET", path).text == "targetTooLong(limit: \(Self.limits.target))")
        let header = Self.header(ofHead: Self.limits.head + 1)
        let reply = try server.client().send("GET", "/", headers: [header])
        #expect(reply.text == "headTooLarge(limit: \(Self.limits.head))")
    }

    /// A header field that makes a request for `/` have a head of so many bytes.
    private static func header(ofHead size: Int) -> (String, String) {
        let rest = HTTPClient.request("GET", "/", headers: [("X-Long", "")]).count
        return ("X-Long", String(repeating: "a", count: size - rest))
    }
}
