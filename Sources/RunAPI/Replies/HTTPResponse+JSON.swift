internal import HTTPServer
internal import JSON

extension HTTPResponse {
    /// A JSON reply.
    static func json(_ status: Int, _ value: JSONValue, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, type: "application/json", body: JSONWriter.pretty(value), headers: headers)
    }
}
