import Foundation
import Yams

/// `openapi.yaml`, as YAML.
struct OpenAPIDocument {
    let root: Node

    static let topLevel = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    static func text() throws -> String {
        try String(contentsOf: topLevel.appending(path: "openapi.yaml"), encoding: .utf8)
    }

    /// Read once: that takes a while. (Nothing changes a node, and so all tests may share it.)
    private nonisolated(unsafe) static let loaded = Result { try Yams.compose(yaml: text()) }

    init() throws {
        guard let root = try Self.loaded.get() else { throw CocoaError(.fileReadCorruptFile) }
        self.root = root
    }

    /// The node that `$ref` leads to, or the node itself.
    func resolve(_ node: Node) -> Node {
        guard let path = node["$ref"]?.string, path.hasPrefix("#/") else { return node }
        let target = path.dropFirst(2).split(separator: "/").reduce(root as Node?) { $0?[String($1)] }
        return target.map(resolve) ?? node
    }

    /// All operations, as `POST /runs/{id}` and the operation.
    var operations: [(route: String, operation: Node)] {
        let methods: Set<String> = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        return (root["paths"]?.mapping ?? [:]).flatMap { path, item in
            (item.mapping ?? [:]).compactMap { method, operation in
                methods.contains(method.string ?? "")
                    ? ((method.string ?? "").uppercased() + " " + (path.string ?? ""), operation) : nil
            }
        }
    }

    /// An operation by its id.
    func operation(_ id: String) -> Node? { operations.first { $0.operation["operationId"]?.string == id }?.operation }

    /// The statuses that an operation documents.
    func statuses(_ operation: Node) -> Set<String> {
        Set((operation["responses"]?.mapping ?? [:]).compactMap { $0.key.string })
    }

    /// The examples of a request's or reply's content: media type, name, value.
    func examples(in content: Node?) -> [(type: String, name: String, value: Node)] {
        (content?.mapping ?? [:]).flatMap { type, media in
            (media["examples"]?.mapping ?? [:]).compactMap { name, example in
                resolve(example)["value"].map { (type.string ?? "", name.string ?? "", $0) }
            }
        }
    }

    /// The problems that are documented: slug and status, of the components' examples.
    var problems: [(slug: String, status: Int)] {
        (root["components"]?["examples"]?.mapping ?? [:]).compactMap { _, example in
            guard let type = example["value"]?["type"]?.string, type.hasPrefix("/problems/"),
                let status = example["value"]?["status"]?.int
            else { return nil }
            return (String(type.dropFirst("/problems/".count)), status)
        }
    }

    /// A node as JSON.
    static func json(_ node: Node) -> String {
        switch node {
        case .mapping(let mapping):
            "{" + mapping.map { "\(quoted($0.key.string ?? "")):\(json($0.value))" }.joined(separator: ",") + "}"
        case .sequence(let sequence): "[" + sequence.map(json).joined(separator: ",") + "]"
        case .scalar(let scalar):
            node.tag.description == "tag:yaml.org,2002:str" ? quoted(scalar.string) : scalar.string
        case .alias: "null"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\"\(escaped)\""
    }
}
