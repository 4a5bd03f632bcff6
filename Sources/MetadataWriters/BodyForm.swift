/// A form that a body can have.
package enum BodyForm: String, Sendable, CaseIterable {
    case json
    case ndjson
    case csv
    /// `application/x-www-form-urlencoded`, what plain `curl -d` says.
    case form
    case multipart
    /// A tar, tar.gz or zip, or files of a form: the body is not held in memory.
    case archive
    /// Text, as it came: its bytes are not looked at.
    case text
    /// Whatever it is, as it came: not held in memory.
    case raw

    /// The media types of the form, the one to name first.
    package var mediaTypes: [String] {
        switch self {
        case .json: ["application/json"]
        case .ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        case .csv: ["text/csv"]
        case .form: ["application/x-www-form-urlencoded"]
        case .multipart: ["multipart/form-data"]
        // The last is what `curl --data-binary` says of everything.
        case .text: ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]
        case .archive:
            [
                "application/gzip", "application/x-tar", "application/zip", "application/x-gzip", "application/x-gtar",
                "application/x-zip-compressed", "application/octet-stream",
            ]
        // Each writer has its own.
        case .raw: []
        }
    }
}
