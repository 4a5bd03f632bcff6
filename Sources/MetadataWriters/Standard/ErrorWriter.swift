internal import JSON
package import RunMetadata
package import RunStore

/// Writes `error.json`, and ends the run.
package struct ErrorWriter: MetadataWriter {
    package let type = MetadataType.error
    package let summary =
        "A message, a traceback (text, a list of text, or none), and any other fields; replaces error.json and ends the run."
    package let forms: [BodyForm] = [.json, .form, .multipart]
    package let document: StoredDocument? = .file(.error, mediaType: "application/json")

    package init() {}

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        let sent = try NamedList.read(body, type: type)
        guard let message = sent["message"]?.unboxed.string else {
            let pointer = JSONPointer().appending("message")
            throw MetadataFault.shape(
                pointer,
                "error: \"message\" is missing or not a text; send {\"message\": \"…\", \"traceback\": [\"…\"]}")
        }
        var error: JSONObject = ["message": .string(message)]
        if let traceback = try sent["traceback"].flatMap(Self.lines) { error["traceback"] = .array(traceback) }
        for member in sent.members where error[member.name] == nil && member.name != "traceback" {
            error[member.name] = member.value
        }
        return [.put(.error, JSONWriter.pretty(.object(error))), .end(completed: false)]
    }

    /// The calls of the traceback; nil if there is none. R's `toJSON()` writes NULL as `{}`.
    private static func lines(_ traceback: JSONValue) throws(MetadataFault) -> [JSONValue]? {
        if traceback == .null || traceback == .object(JSONObject()) { return nil }
        if traceback.string != nil { return [traceback] }
        let pointer = JSONPointer().appending("traceback")
        guard let lines = traceback.array else {
            throw .shape(pointer, "error: \"traceback\" has to be a text or a list of texts")
        }
        for (index, line) in lines.enumerated() where line.string == nil {
            throw .shape(pointer.appending(index), "error: line \(index + 1) of \"traceback\" is not a text")
        }
        return lines
    }
}
