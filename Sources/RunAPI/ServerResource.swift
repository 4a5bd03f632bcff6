internal import COpenAPI
internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/types`, `/health`, `/ready` and `/openapi.yaml`.
extension RunAPI {
    static let health = PreparedResponse(HTTPResponse.json(200, ["status": "ok"]))

    static let openAPI = PreparedResponse(
        HTTPResponse(
            status: 200, type: "application/yaml",
            body: Array(UnsafeBufferPointer(start: copenapi_document(), count: copenapi_length()))))

    func readiness() throws -> HTTPResponse {
        if let failure = store.failure { throw Problem(.readOnly(failure)) }
        if let reason = store.lacksRoomToStart { throw Problem(StoreError.diskFull(reason)) }
        guard let fault = registered.fault else { return .json(200, ["status": "ready"]) }
        // Served all the same, with what was registered before.
        return .json(200, ["status": "ready", "warnings": ["writers": .string(fault)]])
    }

    func listTypes() -> HTTPResponse {
        let types = writers.writers.map { writer -> JSONValue in
            let methods = ["GET", "POST"] + (writer is any PatchableWriter ? ["PATCH"] : [])
            return [
                "type": .string(writer.type.description),
                "description": .string(writer.summary),
                "accepts": .array(writer.accepts.map { .string($0) }),
                "limit": .number(JSONNumber(limit(of: writer))),
                "methods": .array(methods.map { .string($0) }),
            ]
        }
        return .json(200, ["types": .array(types)])
    }
}
