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
                JSONPointer(), "the body has to be an object with any of \(Self.names.joined(separator: ", "))")
        }
        var start = RunStart()
        for member in object.members {
            switch member.name {
            case "flags":
                let flags = try list(member)
                start.flags = try Self.within(member) { () throws(MetadataFault) in
                    try FlagsWriter.files(of: flags, names.columns)
                }
            case "properties":
                let properties = try list(member)
                start.properties += try Self.within(member) { () throws(MetadataFault) in
                    try Self.files(of: properties, names)
                }
            case "script", "context", "type":
                // R's `toJSON()` writes NULL as `{}`.
                if member.value == .null || member.value == .object(JSONObject()) { continue }
                guard let text = member.value.unboxed.string else {
                    throw MetadataFault.shape(JSONPointer().appending(member.name), "\"\(member.name)\" is not a text")
                }
                start.properties.removeAll { $0.name.description == member.name }
                start.properties += try Self.files(of: [member.name: .string(text)], names)
            default:
                throw MetadataFault.shape(
                    JSONPointer().appending(member.name),
                    "\"\(member.name.shown(atMost: 100))\" is unknown; the members are \(Self.names.joined(separator: ", "))"
                )
            }
        }
        return start
    }

    private static func files(
        of properties: JSONObject, _ names: NameLimits
    ) throws(MetadataFault) -> [(name: PropertyName, file: [UInt8])] {
        try PropertiesWriter.files(in: properties, names.properties).compactMap { name, file in
            file.map { (name: name, file: $0) }
        }
    }

    /// Reads a member's value; a fault in it gets the member's name.
    private static func within<Result>(
        _ member: JSONObject.Member, _ read: () throws(MetadataFault) -> Result
    ) throws(MetadataFault) -> Result {
        do throws(MetadataFault) { return try read() } catch { throw error.inMember(member.name) }
    }

    /// A named list: an object, or in a form the text of one.
    private static func list(_ member: JSONObject.Member) throws -> JSONObject {
        if let object = member.value.object { return object }
        if let text = member.value.string, let object = try? JSONValue.parse(text).object { return object }
        throw MetadataFault.shape(JSONPointer().appending(member.name), "\"\(member.name)\" is not an object")
    }
}
