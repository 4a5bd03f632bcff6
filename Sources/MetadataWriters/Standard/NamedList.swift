internal import JSON
internal import Limits
internal import RunMetadata

/// Reads the body of a type that takes a named list: a JSON object.
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
            throw .shape(JSONPointer(), "\(type): the body is not a named list; send an object such as {\"name\": 1}")
        }
        return object
    }

    /// Checks the names of flags or of an evaluation, including nested ones, which a listing joins by dots.
    static func check(_ object: JSONObject, type: MetadataType, _ limit: Limit) throws(MetadataFault) {
        let budget = Budget([limit])
        try check(object, "", JSONPointer(), type, budget)
    }

    // Recursion is as deep as the parser allows.
    private static func check(
        _ object: JSONObject, _ prefix: String, _ pointer: JSONPointer, _ type: MetadataType, _ budget: Budget
    ) throws(MetadataFault) {
        for member in object.members {
            do throws(LimitExceeded) { try budget.take(of: .columns) } catch { throw .excess(error, "\(type)") }
            let place = pointer.appending(member.name)
            let name = prefix + member.name
            if let fault = fault(member.name.isEmpty ? "" : name, place, type) { throw fault }
            try check(member.value, name + ".", place, type, budget)
        }
    }

    private static func fault(_ name: String, _ pointer: JSONPointer, _ type: MetadataType) -> MetadataFault? {
        var name = name
        return name.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            if MetadataName.isAllowed(bytes, atMost: MetadataName.longest) { return nil }
            return MetadataName.fault(bytes, atMost: MetadataName.longest, "\(type)", pointer)
        }
    }

    private static func check(
        _ value: JSONValue, _ prefix: String, _ pointer: JSONPointer, _ type: MetadataType, _ budget: Budget
    ) throws(MetadataFault) {
        switch value {
        case .object(let object): try check(object, prefix, pointer, type, budget)
        case .array(let elements):
            for (index, element) in elements.enumerated() where element.array != nil || element.object != nil {
                try check(element, prefix, pointer.appending(index), type, budget)
            }
        default: return
        }
    }
}
