internal import JSON
internal import Limits
internal import MetadataWriters

/// The limits of request bodies. Every reader of one takes its budget from here.
extension RunAPI {
    /// Bytes of a body that is held in memory, unpacked: the type's own limit, or the general one.
    func heldBytes(_ writer: (any MetadataWriter)?) -> Limit {
        guard let writer, let own = writer.limit, !writer.forms.contains(.archive) else {
            return Limit(.bytes, most: settings.maxBody, setting: "--max-body")
        }
        return Limit(.bytes, most: own, setting: "max_bytes in \(writer.type).json")
    }

    /// Bytes of a body that is streamed to a file, unpacked.
    func uploadedBytes(_ writer: any MetadataWriter) -> Limit {
        guard let own = writer.limit else {
            return Limit(.bytes, most: settings.maxUpload, setting: "--max-upload")
        }
        return Limit(.bytes, most: own, setting: "max_bytes in \(writer.type).json")
    }

    /// Bytes of a writer's largest body, as sent.
    func limit(of writer: any MetadataWriter) -> Int {
        if let own = writer.limit { return own }
        return writer.forms.contains { $0 == .archive || $0 == .raw } ? settings.maxUpload : settings.maxBody
    }

    /// Fields and files of a form.
    var formEntries: Limit { Limit(.entries, most: settings.maxEntries, setting: "--max-entries") }

    /// Values of a document in memory: each takes far more memory than its two bytes in the body.
    static func values(in held: Limit) -> Limit {
        Limit(.values, most: max(1 << 20, held.most / 4), setting: held.setting)
    }
}

/// Counts the values of a text before it is parsed.
enum ValueCount {
    /// Refuses a text with more values than a limit, by counting separators outside of strings.
    /// - Parameter form: `json`, `ndjson` or `csv`; others have one value per field
    static func check(_ body: [UInt8], form: BodyForm, limit: Limit) throws(LimitExceeded) {
        guard form == .json || form == .ndjson || form == .csv else { return }
        if JSONValueCount.exceeds(limit.most, in: body, hasEscapes: form != .csv) { throw LimitExceeded(limit) }
    }
}
