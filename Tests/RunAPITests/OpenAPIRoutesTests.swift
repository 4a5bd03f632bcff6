import Access
import Foundation
import MetadataWriters
import RunMetadata
import Testing
import Yams

@testable import HTTPServer
@testable import RunAPI

/// Holds the document's paths and operations against the server's routes.
///
/// The server has one route for all types of metadata. The document has an operation for each standard type, at a path
/// that the route has too, so that clients that are made of it know what each takes.
@Suite struct OpenAPIRoutesTests {
    private let document: OpenAPIDocument
    private let standard: [any MetadataWriter]

    init() throws {
        document = try OpenAPIDocument()
        standard = try APIFixture.make().api.writers.writers.filter { $0.type.description != "customnotes" }
    }

    /// Method, path and operation id of each.
    private var served: Set<String> {
        Set(
            RunAPI.routes.all.flatMap { route in
                types(of: route).map { type in
                    "\(route.method.name) \(path(route, type: type)) \(id(of: route, type: type))"
                }
            })
    }
    private var documented: Set<String> {
        Set(document.operations.map { "\($0.route) \($0.operation["operationId"]?.string ?? "(no operationId)")" })
    }

    @Test func everyRouteIsInTheDocument() {
        #expect(served.subtracting(documented).sorted() == [], "routes that openapi.yaml does not have so")
    }

    @Test func everythingInTheDocumentHasARoute() {
        #expect(documented.subtracting(served).sorted() == [], "operations of openapi.yaml that no route has so")
    }

    @Test func noTwoOperationsHaveTheSameName() {
        let ids = RunAPI.routes.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        let documented = document.operations.compactMap { $0.operation["operationId"]?.string }
        #expect(Set(documented).count == documented.count)
    }

    @Test func noTwoRoutesHaveTheSameMethodAndTemplate() {
        let routes = RunAPI.routes.all.map { "\($0.method.name) \($0.template)" }
        #expect(Set(routes).count == routes.count)
    }

    /// Whether a query may have fields is said in both: fails where one of them does not know of a parameter.
    @Test func routesTakeQueriesWhereTheDocumentHasParameters() throws {
        for (route, operation) in document.operations {
            let parameters = (operation["parameters"]?.sequence ?? []).map { document.resolve($0) }
            let isDocumented = parameters.contains { $0["in"]?.string == "query" }
            let found = try #require(try self.route(of: route), "\(route)")
            // Custom types may take any; of the standard ones only some take fields.
            if found.query == .fields, found.template.placeholders.contains(.type) { continue }
            #expect(isDocumented == (found.query == .fields), "\(route)")
        }
    }

    /// A path that names a standard type is served by the route of all types.
    @Test func everyDocumentedPathLeadsToItsOperation() throws {
        let names = Set(standard.map(\.type.description))
        for (path, operation) in document.operations {
            let route = try #require(try self.route(of: path), "\(path) leads nowhere")
            let type = path.split(separator: "/").last.map(String.init) ?? ""
            let known = names.contains(type) ? type : "{type}"
            let id = id(of: route, type: Self.isOfEachType(route) ? known : nil)
            #expect(operation["operationId"]?.string == id, "\(path)")
        }
    }

    /// What a client needs for a request: nothing that changes a run can be had with the right to read.
    @Test func rightsFitTheMethods() {
        for route in RunAPI.routes.all {
            switch route.method {
            case .get: #expect(route.right == .none || route.right == .read, "\(route.id)")
            // What logs a browser in or out changes no run.
            default:
                let isLogin = ["logIn", "logOut"].contains(route.id)
                #expect(isLogin ? route.right == .none : route.right >= .write, "\(route.id)")
            }
        }
        let admin = RunAPI.routes.all.filter { $0.right == .admin }.map(\.id)
        #expect(Set(admin) == ["purgeRun", "archiveRuns", "restoreRuns", "purgeRuns"])
        #expect(RunAPI.routes.all.filter { $0.right == .none }.allSatisfy { !$0.template.description.contains("run") })
    }

    // MARK: The document's names

    /// The route that a documented method and path lead to.
    private func route(of path: String) throws -> Route? {
        let values = ["{id}": "a", "{type}": "customnotes", "{name}": "unknown-run", "{path}": "a.txt"]
        let words = path.split(separator: " ").map(String.init)
        let target = words[1].split(separator: "/").map { "/" + (values[String($0)] ?? String($0)) }.joined()
        let match = try RunAPI.routes.match(
            HTTPMethod(words[0]), RequestPath(Array((target.isEmpty ? "/" : target).utf8)))
        guard case .found(let route, _, _) = match else { return nil }
        return route
    }

    /// Whether the document has an operation of its own for each standard type where a route has this path.
    private static func isOfEachType(_ route: Route) -> Bool {
        route.template.description == "/runs/{id}/metadata/{type}"
    }

    /// The types for which the document has an operation each, `{type}` for custom ones; nil where it has one for the
    /// route.
    private func types(of route: Route) -> [String?] {
        guard Self.isOfEachType(route) else { return [nil] }
        let taken = standard.filter { route.id != "mergeMetadata" || $0 is any PatchableWriter }
        return taken.map(\.type.description) + ["{type}"]
    }

    private func path(_ route: Route, type: String?) -> String {
        let template = route.template.description
        return type.map { template.replacing("{type}", with: $0) } ?? template
    }

    /// `writeMetadata` is `writeFlags` for the type `flags`, and `writeCustomMetadata` for custom types.
    private func id(of route: Route, type: String?) -> String {
        guard let type else { return route.id }
        return route.id.replacing("Metadata", with: type == "{type}" ? "CustomMetadata" : type.capitalized)
    }
}
