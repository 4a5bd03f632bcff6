internal import JSON
internal import Limits
internal import MetadataWriters

/// What a body of a request may have. Every reader of one takes its budget from here.
extension RunAPI {
    /// Bytes of a body that is held in memory, unpacked: the type's own limit, or that of all.
    func heldBytes(_ writer: (any MetadataWriter)?) -> Limit {
        guard let writer, let own = writer.limit, !writer.forms.contains(.archive) else {
            return Limit(.bytes, most: settings.maxBody, setting: "--max-body")
        }
        return Limit(.bytes, most: own, setting: "max_bytes in \(writer.type).json")
    }

    /// Bytes of a body that is written to a file as it comes, unpacked.
    func uploadedBytes(_ writer: any MetadataWriter) -> Limit {
        guard let own = writer.limit else {
            return Limit(.bytes, most: settings.maxUpload, setting: "--max-upload")
        }
        return Limit(.bytes, most: own, setting: "max_bytes in \(writer.type).json")
    }

    /// Bytes of the largest body that a writer takes, as it is sent.
    func limit(of writer: any MetadataWriter) -> Int {
        if let own = writer.limit { return own }
        return writer.forms.contains { $0 == .archive || $0 == .raw } ? settings.maxUpload : settings.maxBody
    }

    /// Fields and files of a form.
    var formEntries: Limit { Limit(.entries, most: settings.maxEntries, setting: "--max-entries") }

    /// Values of a document that is held: each takes far more memory than the two bytes that it may be sent in.
    static func values(in held: Limit) -> Limit {
        Limit(.values, most: max(1 << 20, held.most / 4), setting: held.setting)
    }
}

/// Counts the values of a text, before anything is made of it.
enum ValueCount {
    /// Refuses a text with more values than a limit: what parts them is counted, outside of strings.
    /// - Parameter form: `json`, `ndjson` or `csv`; others hold one value a field
    static func check(_ body: [UInt8], form: BodyForm, limit: Limit) throws(LimitExceeded) {
        // A value takes a byte and what parts it from the next one.
        guard body.count / 2 > limit.most, form == .json || form == .ndjson || form == .csv else { return }
        var (count, isInString, isEscaped) = (0, false, false)
        for byte in body {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), form != .csv {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\n"):
                count += 1
            default: continue
            }
            if count > limit.most { throw LimitExceeded(limit) }
        }
    }
}
