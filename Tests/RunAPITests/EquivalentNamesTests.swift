import Foundation
import JSON
import TestSupport
import Testing

/// Names that Unicode calls equivalent, such as `é` as one scalar and as two, are two names wherever they come from.
@Suite struct EquivalentNamesTests {
    private let api: APIFixture
    private static let one = "\u{e9}"
    private static let two = "e\u{301}"
    private static let escaped = [(one, "%C3%A9"), (two, "e%CC%81")]

    init() throws { api = try .make() }

    private static func object(_ value: (String) -> String) -> String {
        "{" + [one, two].map { "\"\($0)\":\(value($0))" }.joined(separator: ",") + "}"
    }

    /// 1 for the one, 2 for the other.
    private static let numbers = object { $0.utf8.count == 2 ? "1" : "2" }
    private static let texts = object { $0.utf8.count == 2 ? "\"c\"" : "\"d\"" }

    @discardableResult
    private func send(_ method: String, _ target: String, _ body: String, type: String = "application/json") throws
        -> HTTPClient.Reply
    {
        let reply = try api.send(method, target, type: type, body)
        #expect((200..<300).contains(reply.status), "\(method) \(target): \(reply.text)")
        return reply
    }

    private func runs(where condition: String) throws -> [String] {
        let query = try #require(condition.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let reply = try api.send("GET", "/runs?order=run&where=\(query)")
        return try reply.json["runs"]?.array?.compactMap { $0["run"]?.string } ?? [reply.text]
    }

    @Test func aRunKeepsThemApartInAllThatItIsTold() throws {
        try send("PUT", "/runs/a", "{\"flags\":\(Self.numbers),\"properties\":\(Self.texts)}")
        try send("POST", "/runs/a/metadata/evaluation", Self.numbers)
        try send("POST", "/runs/a/metadata/metrics", Self.numbers)
        for type in ["flags", "evaluation"] {
            #expect(try api.send("GET", "/runs/a/metadata/\(type)").json == JSONValue.parse(Self.numbers))
        }
        let properties = try api.send("GET", "/runs/a/metadata/properties").json
        #expect(properties[Self.one] == "c" && properties[Self.two] == "d")
        #expect(api.file("properties/\(Self.one)", of: "a") == "c\n")
        #expect(api.file("properties/\(Self.two)", of: "a") == "d\n")
        let listed = try api.send("GET", "/runs").json["runs"]?.array?.first
        for run in [try api.send("GET", "/runs/a").json, try #require(listed)] {
            for prefix in ["flag_", "eval_", "metric_"] {
                #expect(run[prefix + Self.one] == 1 && run[prefix + Self.two] == 2)
            }
            #expect(run[Self.one] == "c" && run[Self.two] == "d")
        }
        let columns = try api.send("GET", "/columns").json["columns"]?.array ?? []
        let table = try api.send("GET", "/runs?format=csv").text.utf8.split(separator: UInt8(ascii: "\r"))[0]
        for name in [Self.one, Self.two].flatMap({ name in ["", "flag_", "metric_"].map { $0 + name } }) {
            #expect(columns.contains(.string(name)))
            #expect(table.split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual(name.utf8) })
        }
    }

    @Test func theyAreMergedAndRemovedEachByItself() throws {
        try send("PUT", "/runs/a", "{\"flags\":\(Self.numbers),\"properties\":\(Self.texts)}")
        let flags = try send("PATCH", "/runs/a/metadata/flags", "{\"\(Self.two)\":7}").json
        #expect(flags[Self.one] == 1 && flags[Self.two] == 7)
        try send("PATCH", "/runs/a/metadata/properties", "{\"\(Self.one)\":\"x\",\"\(Self.two)\":null}")
        let properties = try api.send("GET", "/runs/a/metadata/properties").json
        #expect(properties[Self.one] == "x" && properties[Self.two] == nil)
        #expect(api.file("properties/\(Self.two)", of: "a") == nil)
    }

    @Test func whatWaitsAndWhatIsGivenAreTwoProperties() throws {
        try send("POST", "/runs/a/metadata/properties", "{\"\(Self.one)\":\"c\"}")
        try send("PUT", "/runs/a", "{\"properties\":{\"\(Self.two)\":\"d\"}}")
        #expect(api.file("properties/\(Self.one)", of: "a") == "c\n")
        #expect(api.file("properties/\(Self.two)", of: "a") == "d\n")
    }

    @Test func conditionsFindTheOneThatTheyName() throws {
        for (run, name) in [("a", Self.one), ("b", Self.two)] {
            try send(
                "PUT", "/runs/\(run)",
                "{\"flags\":{\"\(name)\":5,\"text\":\"\(name)\"},\"properties\":{\"\(name)\":\"x\"}}")
        }
        for (run, name) in [("a", Self.one), ("b", Self.two)] {
            #expect(try runs(where: "flag_\(name) == 5") == [run])
            #expect(try runs(where: "\(name) == 'x'") == [run])
            #expect(try runs(where: "flag_text == '\(name)'") == [run])
            #expect(try runs(where: "flag_text %in% c('\(name)', 'z')") == [run])
        }
        #expect(try runs(where: "flag_\(Self.one) == 5 | flag_\(Self.two) == 5") == ["a", "b"])
        #expect(try runs(where: "startsWith(flag_text, 'e')") == ["b"])
        #expect(try runs(where: "flag_text < '\(Self.one)'") == ["b"])
    }

    @Test func aTextThatBecomesTheOtherIsAChange() throws {
        try send("PUT", "/runs/a", "{\"flags\":{\"text\":\"\(Self.one)\"}}")
        #expect(try runs(where: "flag_text == '\(Self.one)'") == ["a"])
        try send("PATCH", "/runs/a/metadata/flags", "{\"text\":\"\(Self.two)\"}")
        #expect(try runs(where: "flag_text == '\(Self.two)'") == ["a"])
        #expect(try runs(where: "flag_text == '\(Self.one)'").isEmpty)
    }

    @Test(arguments: [
        ("application/json", numbers), ("application/json", object { $0.utf8.count == 2 ? "[1]" : "[2]" }),
        ("text/csv", "\(one),\(two)\n1,2\n"), ("application/x-www-form-urlencoded", "%C3%A9=1&e%CC%81=2"),
        ("application/x-ndjson", "{\"\(one)\":1}\n{\"\(two)\":2}\n"),
    ])
    func metricsAreReadByTheNameThatIsAsked(type: String, body: String) throws {
        try send("PUT", "/runs/a", "")
        try send("POST", "/runs/a/metadata/metrics", body, type: type)
        for (index, (name, escaped)) in Self.escaped.enumerated() {
            // One question after the other, so that what is remembered of the first is told for no other.
            for query in ["", "&points=1", "&format=rows"] {
                let reply = try api.send("GET", "/runs/a/metrics?columns=\(escaped)\(query)")
                #expect(reply.text.utf8.count { $0 == UInt8(ascii: ":") } >= 1, "\(reply.text)")
                let json = try reply.json
                let values = json[name]?.array ?? json.array?.compactMap { $0[name] } ?? []
                #expect(values.contains(.number(JSONNumber(index + 1))), "\(reply.text)")
            }
            let series = try api.send("GET", "/series?runs=a&x=row&points=2&metrics=\(escaped)").json["series"]?.array
            #expect(series?.map { $0["metric"] } == [.string(name)])
        }
        let both = "%C3%A9,e%CC%81"
        #expect(try api.send("GET", "/runs/a/metrics?columns=\(both)").json.object?.count == 2)
        #expect(try api.send("GET", "/series?runs=a&x=row&metrics=\(both)").json["series"]?.array?.count == 2)
        #expect(try api.send("GET", "/runs/a/metrics?columns=%C3%A9,%C3%A9").slug == "invalid-query")
    }

    @Test func filesAreTwoInPartsToo() throws {
        try send("PUT", "/runs/a", "")
        let parts = [("bytes 0-0/2", \Substring.first), ("bytes 1-1/2", \Substring.last)]
        for (range, byte) in parts {
            for (text, (_, escaped)) in zip(["ab", "AB"], Self.escaped) {
                let body = String(try #require(Substring(text)[keyPath: byte]))
                let reply = try api.send("PUT", "/runs/a/files/\(escaped)", headers: [("Content-Range", range)], body)
                #expect((200..<300).contains(reply.status), "\(reply.text)")
            }
        }
        for (text, (_, escaped)) in zip(["ab", "AB"], Self.escaped) {
            #expect(try api.send("GET", "/runs/a/files/\(escaped)").text == text)
        }
        #expect(try api.send("DELETE", "/runs/a/files/\(Self.escaped[0].1)").status == 204)
        #expect(try api.send("GET", "/runs/a/files/\(Self.escaped[1].1)").text == "AB")
    }

    @Test func sourceHasBothFiles() throws {
        let source = [Self.one, Self.two].map { name in
            "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name).py\"\r\n\r\n1\r\n"
        }
        try send("PUT", "/runs/a", "")
        try send(
            "POST", "/runs/a/metadata/source", source.joined() + "--part--\r\n",
            type: "multipart/form-data; boundary=part")
        let archive = "\(api.folder.path)/runs/a/tfruns.d/source.tar.gz"
        let names = try Command.succeed("tar", "--quoting-style=literal", "-tzf", archive)
        for name in [Self.one, Self.two] {
            #expect(names.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual("source/\(name).py".utf8) })
        }
    }
}
