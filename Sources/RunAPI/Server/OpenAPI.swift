internal import COpenAPI
internal import HTTPServer
internal import JSON
internal import Yams

/// The description of the API that the server was built with.
enum OpenAPI {
    private static let document = Array(UnsafeBufferPointer(start: copenapi_document(), count: copenapi_length()))

    static let yaml = HTTPResponse(status: 200, type: "application/yaml", body: document)

    /// The same as JSON, converted on first use, which takes a moment.
    static let json = HTTPResponse.json(200, value)

    /// The server's version, which is the API's.
    static let version = value["info"]?["version"]?.string ?? ""

    /// The document, which the tests read too; null if it is not YAML.
    private static let value: JSONValue =
        (try? Yams.compose(yaml: String(decoding: document, as: UTF8.self))).map { json($0) } ?? .null

    /// A node of YAML as JSON. (There are no anchors in the document.)
    private static func json(_ node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(JSONObject(mapping.map { ($0.key.scalar?.string ?? "", json($0.value)) }))
        case .sequence(let sequence): return .array(sequence.map { json($0) })
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            if node.float?.isFinite == true, let number = JSONNumber(scalar.string) { return .number(number) }
            if node.null != nil { return .null }
            return node.bool.map { .bool($0) } ?? .string(scalar.string)
        case .alias: return .null
        }
    }
}
