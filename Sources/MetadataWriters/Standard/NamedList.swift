internal import JSON
internal import RunMetadata

/// Reads the body of a type that takes a named list: an object of JSON.
enum NamedList {
    static func read(
        _ body: MetadataBody, type: MetadataType, nonFinite: JSONParser.NonFinite = .refused
    ) throws(MetadataFault) -> JSONObject {
        guard case .json(let bytes) = body else {
            throw MetadataFault(.contentType(allowed: []), "\(type): this form of body cannot hold a named list")
        }
        let value: JSONValue
        do { value = try JSONValue.parse(bytes, nonFinite: nonFinite) } catch { throw MetadataFault(error) }
        guard let object = value.object else {
            throw .shape(JSONPointer(), "\(type): the body is no named list; send an object such as {\"name\": 1}")
        }
        return object
    }
}
