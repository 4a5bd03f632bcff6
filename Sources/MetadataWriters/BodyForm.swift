/// A form of a request's body.
package enum BodyForm: String, Sendable, CaseIterable {
    case json
    case ndjson
    case csv
    /// `application/x-www-form-urlencoded`, the default of `curl -d`.
    case form
    case multipart
    /// A tar, tar.gz or zip, or files of a form: the body is not held in memory.
    case archive
    /// Text, unchanged and unchecked.
    case text
    /// Any content, unchanged: not held in memory.
    case raw

    /// The media types of the form, the preferred one first.
    package var mediaTypes: [String] {
        switch self {
        case .json: ["application/json"]
        case .ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        case .csv: ["text/csv"]
        case .form: ["application/x-www-form-urlencoded"]
        case .multipart: ["multipart/form-data"]
        // The last is the default of `curl --data-binary`.
        case .text: ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]
        case .archive:
            [
                "application/gzip", "application/x-tar", "application/zip", "application/x-gzip", "application/x-gtar",
                "application/x-zip-compressed", "application/octet-stream",
            ]
        // Defined by each writer.
        case .raw: []
        }
    }
}
