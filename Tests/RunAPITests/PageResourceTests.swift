import Foundation
import TestSupport
import Testing

/// The web page, as it is served.
@Suite struct PageResourceTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    /// The address of the page's main module.
    private func main() throws -> String {
        let page = try api.send("GET", "/").text
        let source = try #require(page.split(separator: "\"").first { $0.hasPrefix("assets/") && $0.hasSuffix(".js") })
        return "/\(source)"
    }

    @Test func thePageMayLoadNothingFromElsewhere() throws {
        let page = try api.send("GET", "/")
        #expect(page.status == 200)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        let policy = try #require(page.headers["content-security-policy"])
        #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"))
        #expect(!policy.contains("unsafe"))
        #expect(page.headers["cache-control"] == "no-cache")
        let again = try api.send("GET", "/", headers: [("If-None-Match", try #require(page.headers["etag"]))])
        #expect(again.status == 304)
    }

    @Test func whatItLoadsIsKeptForGood() throws {
        let main = try main()
        let plain = try api.send("GET", main)
        #expect(plain.headers["content-type"] == "text/javascript; charset=utf-8")
        #expect(plain.headers["cache-control"] == "public, max-age=31536000, immutable")
        #expect(plain.headers["content-encoding"] == nil)
        let packed = try api.send("GET", main, headers: [("Accept-Encoding", "gzip")])
        #expect(packed.headers["content-encoding"] == "gzip")
        #expect(packed.body.starts(with: [0x1F, 0x8B]))
        #expect(packed.headers["etag"] != plain.headers["etag"])
    }

    /// Another version's files are not these.
    @Test(arguments: ["/assets/0/main.js", "/assets/main.js", "/assets/VERSION/gone.js", "/assets/VERSION"])
    func whatIsNotThereIs404(_ path: String) throws {
        let version = try #require(try main().split(separator: "/").dropFirst().first)
        let reply = try api.send("GET", path.replacingOccurrences(of: "VERSION", with: version))
        #expect(reply.status == 404)
    }

    @Test(arguments: [
        ("rundir.py", "text/x-python; charset=utf-8"), ("rundir.sh", "text/x-shellscript; charset=utf-8"),
        ("rundir.R", "text/x-r-source; charset=utf-8"),
    ])
    func clientsAreServedAsTheyAreInTheRepository(_ name: String, _ mediaType: String) throws {
        let reply = try api.send("GET", "/clients/\(name)")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == mediaType)
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/WebPage/clients/\(name)")
        #expect(reply.text == (try String(contentsOf: file, encoding: .utf8)))
        #expect(reply.headers["cache-control"] == "no-cache")
        let again = try api.send(
            "GET", "/clients/\(name)", headers: [("If-None-Match", try #require(reply.headers["etag"]))])
        #expect(again.status == 304)
    }

    @Test(arguments: ["rundir.js", "clients", ".."])
    func clientThatDoesNotExistIs404(_ name: String) throws {
        let reply = try api.send("GET", "/clients/\(name)")
        #expect(reply.status == (name == ".." ? 400 : 404))
        if name == "rundir.js" {
            #expect(reply.text.contains("/clients/rundir.R, /clients/rundir.py, /clients/rundir.sh"))
        }
    }

    @Test(arguments: ["dygraph.js", "dygraph.css", "dygraph.txt", "highlight.js", "highlight.txt"])
    func librariesAndTheirLicencesAreThere(_ name: String) throws {
        let version = try #require(try main().split(separator: "/").dropFirst().first)
        #expect(try api.send("GET", "/assets/\(version)/lib/\(name)").status == 200)
    }
}
