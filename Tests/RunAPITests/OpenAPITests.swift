import Foundation
import TestSupport
import Testing
import Yams

@testable import HTTPServer
@testable import RunAPI

/// Holds the document against the server that it describes.
@Suite struct OpenAPITests {
    private let document: OpenAPIDocument

    init() throws { document = try OpenAPIDocument() }

    @Test func everyReferenceLeadsSomewhere() throws {
        let text = try OpenAPIDocument.text()
        for match in text.matches(of: /\$ref: '#\/(.*)'/) {
            let path = match.1.split(separator: "/")
            let target = path.reduce(document.root as Node?) { $0?[String($1)] }
            #expect(target != nil, "\(match.1)")
        }
    }

    @Test func everyProblemOfTheSourcesIsDocumentedAndNothingElse() throws {
        let folder = OpenAPIDocument.topLevel.appending(path: "Sources/RunAPI")
        var slugs: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where path.hasSuffix(".swift") {
            let file = folder.appending(path: path)
            let source = try String(contentsOf: file, encoding: .utf8)
            // Problem(404, "unknown-run", …), and self.init(404, "unknown-run", …).
            for match in source.matches(of: /(?:Problem|init)\(\s*(\d{3}), "([a-z-]+)"/) {
                slugs.insert("\(match.1) \(match.2)")
            }
        }
        #expect(slugs.count > 20)
        #expect(Set(document.problems.map { "\($0.status) \($0.slug)" }).sorted() == slugs.sorted())
    }

    @Test func everyProblemHasAPage() {
        #expect(
            Set(ProblemType.all.map { "\($0.status) \($0.slug)" }).sorted()
                == Set(document.problems.map { "\($0.status) \($0.slug)" }).sorted())
        #expect(Set(ProblemType.all.map(\.slug)).count == ProblemType.all.count)
    }

    @Test func everyProblemIsAnExampleOfAReplyOfItsStatus() {
        var shown: Set<String> = []
        for (name, response) in document.root["components"]?["responses"]?.mapping ?? [:] {
            for example in document.examples(in: response["content"]) where example.type == "application/problem+json" {
                #expect(example.value["type"]?.string?.hasPrefix("/problems/") == true, "\(name.string ?? "")")
                shown.insert(example.value["type"]?.string ?? "")
            }
        }
        #expect(shown == Set(document.problems.map { "/problems/\($0.slug)" }))
    }

    @Test(
        arguments: [
            ("writeFlags", "flags", 4), ("writeProperties", "properties", 2), ("writeMetrics", "metrics", 8),
            ("writeEvaluation", "evaluation", 3), ("writeError", "error", 2), ("writeOutput", "output", 1),
            ("writeSource", "source", 2), ("writeCustomMetadata", "customnotes", 2),
        ])
    func everyExampleOfMetadataIsTaken(id: String, metadata: String, count: Int) throws {
        let operation = try #require(document.operation(id))
        let body = document.resolve(try #require(operation["requestBody"]))
        let examples = document.examples(in: body["content"])
        #expect(examples.count == count)
        let api = try APIFixture.make()
        for (number, example) in examples.enumerated() {
            let (type, sent) = try Self.request(example, api)
            let target = "/runs/r\(number)/metadata/\(metadata)"
            let pending = try api.send("POST", target, type: type, sent)
            #expect(pending.status == 202, "\(example.type) \(example.name): \(pending.text)")
            #expect(try api.send("PUT", "/runs/r\(number)").status == 201)
            let written = try api.send("POST", target, type: type, sent)
            #expect(written.status == 201, "\(example.type) \(example.name): \(written.text)")
        }
    }

    @Test(arguments: [("createRun", "POST", "/runs"), ("initialiseRun", "PUT", "/runs/new")])
    func everyExampleOfANewRunIsTaken(id: String, method: String, target: String) throws {
        let operation = try #require(document.operation(id))
        let body = document.resolve(try #require(operation["requestBody"]))
        for (number, example) in document.examples(in: body["content"]).enumerated() {
            let api = try APIFixture.make()
            let (type, sent) = try Self.request(example, api)
            let reply = try api.send(method, target, type: type, sent)
            #expect(reply.status == 201, "\(number) \(example.name): \(reply.text)")
        }
        #expect(document.statuses(operation).contains("201"))
    }

    @Test(arguments: ["flags", "properties", "evaluation"])
    func everyExampleOfAMergeIsTaken(metadata: String) throws {
        let operation = try #require(document.operation("merge\(metadata.capitalized)"))
        let body = document.resolve(try #require(operation["requestBody"]))
        let examples = document.examples(in: body["content"])
        #expect(examples.count == 2)
        let api = try APIFixture.make()
        try api.send("PUT", "/runs/a")
        for example in examples {
            let reply = try api.send(
                "PATCH", "/runs/a/metadata/\(metadata)", type: example.type, OpenAPIDocument.json(example.value))
            #expect(reply.status == 200, "\(example.name): \(reply.text)")
        }
    }

    @Test func everyExampleOfTheAliasIsTaken() throws {
        let operation = try #require(document.operation("writeRunData"))
        let api = try APIFixture.make()
        try api.send("PUT", "/runs/a")
        let body = document.resolve(try #require(operation["requestBody"]))
        let examples = document.examples(in: body["content"])
        #expect(examples.count == 2)
        for example in examples {
            let (type, sent) = try Self.request(example, api)
            let reply = try api.send("POST", "/runs/a/data/notes", type: type, sent)
            #expect(reply.status == 201, "\(example.name): \(reply.text)")
        }
    }

    /// The statuses that the tests of each operation meet are documented.
    @Test(
        arguments: [
            ("writeFlags", [201, 202, 400, 409, 411, 413, 415, 422, 503, 507]),
            ("writeSource", [201, 202, 400, 403, 409, 411, 413, 415, 422, 503, 507]),
            ("writeCustomMetadata", [201, 202, 400, 404, 409, 411, 413, 415, 422, 502, 503, 504, 507]),
            ("mergeFlags", [200, 202, 400, 409, 411, 413, 415, 422, 503, 507]),
            ("mergeCustomMetadata", [200, 202, 400, 404, 405, 409, 411, 413, 415, 422, 503, 507]),
            ("writeRunData", [201, 202, 400, 404, 409, 411, 413, 415, 422, 503, 507]),
            ("readMetrics", [200, 304, 400, 404, 503, 507]), ("readCustomMetadata", [200, 304, 400, 404]),
            ("removeOutput", [204, 400, 404, 409, 503, 507]),
            ("listMetadata", [200, 400, 404]), ("listRuns", [200, 400, 503]), ("listColumns", [200, 304, 503]),
            ("archiveRun", [200, 400, 404, 409, 503, 507]), ("restoreRun", [200, 400, 404, 409, 503, 507]),
            ("archiveRuns", [200, 400, 503, 507]), ("restoreRuns", [200, 400, 503, 507]),
            ("purgeRuns", [200, 400, 503, 507]),
            ("createRun", [201, 400, 413, 415, 422, 503, 507]),
            ("initialiseRun", [200, 201, 400, 409, 413, 415, 422, 503, 507]), ("readRun", [200, 400, 404]),
            ("completeRun", [200, 202, 400, 404, 409, 503, 507]), ("purgeRun", [204, 400, 404, 409, 503, 507]),
            ("listFiles", [200, 400, 403, 404]), ("readFile", [200, 206, 304, 400, 403, 404, 412, 416]),
            ("writeFile", [201, 202, 204, 400, 403, 409, 411, 412, 413, 415, 422, 503, 507]),
            ("removeFile", [204, 400, 403, 404, 409, 412]), ("readBundle", [200, 400, 404]),
            ("compareRuns", [200, 400, 404]),
            ("queryMetrics", [200, 400, 404, 507]), ("tailOutput", [200, 304, 400, 404]),
            ("readRunEvents", [200, 400, 404]), ("readEvents", [200]),
            ("readServerMetrics", [200]), ("listTypes", [200]), ("readHealth", [200]),
            ("readReadiness", [200, 503]), ("readOpenAPI", [200, 304]), ("readOpenAPIAsJSON", [200, 304]),
            ("readVersion", [200, 304]), ("listProblems", [200, 304, 400]), ("readProblem", [200, 304, 400, 404]),
        ])
    func statusesOfAnOperationAreDocumented(id: String, statuses: [Int]) throws {
        let documented = document.statuses(try #require(document.operation(id)))
        for status in statuses { #expect(documented.contains("\(status)"), "\(status)") }
        #expect(documented.isSuperset(of: ["4XX", "5XX"]))
    }

    // MARK: Sending examples

    /// An example as it is sent: content type and body.
    private static func request(
        _ example: (type: String, name: String, value: Node), _ api: APIFixture
    ) throws -> (type: String, body: String) {
        let value = example.value
        switch example.type {
        case "application/json", "application/merge-patch+json": return (example.type, OpenAPIDocument.json(value))
        case "application/x-www-form-urlencoded":
            // The one directory that the server of the tests allows.
            if value["directory"] != nil { return (example.type, "directory=\(api.folder.path)/allowed") }
            guard let fields = value.mapping else { return (example.type, value.string ?? "") }
            let pairs = fields.map { "\($0.key.string ?? "")=\(PercentEncoding.encode($0.value.string ?? ""))" }
            return (example.type, pairs.joined(separator: "&"))
        case "multipart/form-data":
            let type = example.type + "; boundary=BB"
            if let files = value["file"]?.sequence {
                let names = ["train.py", "lib/net.py"]
                return (type, multipart(zip(names, files).map { ($0, $1.string ?? "") }, file: true))
            }
            return (type, multipart((value.mapping ?? [:]).map { ($0.key.string ?? "", $0.value.string ?? "") }))
        default: return (example.type, value.string ?? "")
        }
    }
}
