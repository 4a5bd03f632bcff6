import Foundation
import MetadataWriters
import RunMetadata
import Testing
import Yams

@testable import HTTPServer
@testable import RunAPI

/// Holds the document's paths and operations against the server's routes.
///
/// The server has one route for all types of metadata. The document has an operation for each standard type, at a path that the
/// route has too, so that clients that are made of it know what each takes.
@Suite struct OpenAPIRoutesTests {
    private let document: OpenAPIDocument

    init() throws { document = try OpenAPIDocument() }

    @Test func everyRouteIsInTheDocumentAndNothingElse() throws {
        let standard = try Self.standardWriters()
        let routes = Routes.all.flatMap { route in
            Self.types(of: route, standard).map { type in
                "\(route.method.name) \(Self.path(route.template, type: type)) \(Self.id(of: route, type: type))"
            }
        }
        let documented = document.operations.map { "\($0.route) \($0.operation["operationId"]?.string ?? "")" }
        #expect(documented.sorted() == routes.sorted())
        #expect(Set(Routes.all.map(\.operation)) == Set(Operation.allCases))
    }

    /// A path that names a standard type is served by the route of all types.
    @Test func everyDocumentedPathLeadsToItsOperation() throws {
        let standard = Set(try Self.standardWriters().map(\.type.description))
        let values = ["{id}": "a", "{type}": "customnotes", "{name}": "unknown-run", "{path}": "a.txt"]
        for (route, operation) in document.operations {
            let words = route.split(separator: " ").map(String.init)
            let method = try #require(Routes.all.first { $0.method.name == words[0] }).method
            let segments = words[1].split(separator: "/").map { values[String($0)] ?? String($0) }
            guard case .found(_, let number, _, let type, _) = Routes.match(method, segments) else {
                Issue.record("\(route) leads nowhere")
                continue
            }
            let found = Routes.all[number]
            let known = standard.contains(type) ? type : "{type}"
            let id = Self.id(of: found, type: Self.isOfEachType(found.template) ? known : nil)
            #expect(operation["operationId"]?.string == id, "\(route)")
        }
    }

    private static func standardWriters() throws -> [any MetadataWriter] {
        try APIFixture.make().api.writers.writers.filter { $0.type.description != "customnotes" }
    }

    /// Whether the document has an operation of its own for each standard type where a route has this path.
    private static func isOfEachType(_ template: String) -> Bool { template == "/runs/{id}/metadata/{type}" }

    /// The types for which the document has an operation each, `{type}` for custom ones; nil where it has one for the route.
    private static func types(of route: Route, _ standard: [any MetadataWriter]) -> [String?] {
        guard isOfEachType(route.template) else { return [nil] }
        let taken = standard.filter { route.operation != .mergeMetadata || $0 is any PatchableWriter }
        return taken.map(\.type.description) + ["{type}"]
    }

    private static func path(_ template: String, type: String?) -> String {
        type.map { template.replacing("{type}", with: $0) } ?? template
    }

    /// `writeMetadata` is `writeFlags` for the type `flags`, and `writeCustomMetadata` for custom types.
    private static func id(of route: Route, type: String?) -> String {
        guard let type else { return route.operation.rawValue }
        let name = type == "{type}" ? "CustomMetadata" : type.capitalized
        return route.operation.rawValue.replacing("Metadata", with: name)
    }
}
