internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Reads the body of `POST /runs` and `PUT /runs/{id}`: `flags`, `properties`, `script`, `context`, `type`.
enum RunStartReading {
    private static let names = ["flags", "properties", "script", "context", "type"]

    static func read(_ body: MetadataBody, _ names: NameLimits) throws -> RunStart {
        guard case .json(let bytes) = body else { throw Problem.internalFault }
        let sent: JSONValue
        do { sent = try JSONValue.parse(bytes) } catch { throw MetadataFault(error) }
        guard let object = sent.object else {
            throw MetadataFault.shape(
                JSONPointer(), "a run starts with an object of \(Self.names.joined(separator: ", "))")
        }
        var start = RunStart()
        for member in object.members {
            switch member.name {
            case "flags": start.flags = try FlagsWriter.document(sent: list(member), names.columns)
            case "properties":
                for (name, file) in try PropertiesWriter.files(in: list(member), names.properties) {
                    if let file { start.properties.append((name, file)) }
                }
            case "script", "context", "type":
                guard let text = member.value.string, let name = PropertyName(member.name) else {
                    throw MetadataFault.shape(JSONPointer().appending(member.name), "\"\(member.name)\" is no text")
                }
                start.properties.removeAll { $0.name == name }
                start.properties.append((name, PropertyText.file(text)))
            default:
                throw MetadataFault.shape(
                    JSONPointer().appending(member.name),
                    "\"\(member.name.shown(atMost: 100))\" is not known; a run starts with \(Self.names.joined(separator: ", "))"
                )
            }
        }
        return start
    }

    /// A named list: an object, or in a form the text of one.
    private static func list(_ member: JSONObject.Member) throws -> JSONObject {
        if let object = member.value.object { return object }
        if let text = member.value.string, let object = try? JSONValue.parse(text).object { return object }
        throw MetadataFault.shape(JSONPointer().appending(member.name), "\"\(member.name)\" is no object")
    }
}
