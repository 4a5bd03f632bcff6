/// The rows of ERRORS.md that one request shows. The run `there` is initialised, `stored` is archived, `none` is
/// unknown.
extension BadRequest {
    static let paths: [BadRequest] = [
        BadRequest(1, "unknown path", "GET", "/nowhere", status: 404),
        BadRequest(1, "unknown path below a run", "GET", "/runs/there/nothing", status: 404),
        BadRequest(2, "DELETE of the list", "DELETE", "/runs", status: 405) { $0.allow = ["GET", "HEAD", "POST"] },
        BadRequest(2, "PUT of the types", "PUT", "/types", "{}", status: 405) { $0.allow = ["GET", "HEAD"] },
        BadRequest(2, "GET of complete", "GET", "/runs/there/complete", status: 405) { $0.allow = ["POST"] },
        BadRequest(2, "PATCH of metrics", "PATCH", "/runs/there/metadata/metrics", #"{"loss": 1}"#, status: 405) {
            $0.allow = ["GET", "POST"]
        },
        BadRequest(3, "unknown method", "BREW", "/runs", status: 501),
        BadRequest(3, "method in lower case", "get", "/runs", status: 501),
        BadRequest(4, "read of an unknown run", "GET", "/runs/none", status: 404) { $0.says = ["none"] },
        BadRequest(4, "read of an unknown run's types", "GET", "/runs/none/metadata", status: 404),
        BadRequest(4, "read of an unknown run's flags", "GET", "/runs/none/metadata/flags", status: 404),
        BadRequest(4, "read of the active run where there is none", "GET", "/runs/active", status: 404),
        BadRequest(4, "complete of an unknown run", "POST", "/runs/none/complete", "", status: 404),
        BadRequest(6, "type without a writer", "POST", "/runs/there/metadata/wombat", "{}", status: 404) {
            $0.allowed = "flags"
        },
        BadRequest(6, "deprecated type without a writer", "POST", "/runs/there/data/wombat", "{}", status: 404) {
            $0.allowed = "flags"
            $0.says = ["customwombat"]
        },
        BadRequest(7, "reserved run id", "PUT", "/runs/active", status: 400) { $0.says = ["active"] },
        BadRequest(7, "reserved run id", "PUT", "/runs/archive", status: 400) { $0.says = ["archive"] },
        BadRequest(7, "hidden run id", "PUT", "/runs/.rundir", status: 400),
        BadRequest(7, "run id with a dash in front", "PUT", "/runs/-rf", status: 400),
        BadRequest(7, "run id with a space", "PUT", "/runs/a%20b", status: 400),
        BadRequest(7, "run id of 129 characters", "PUT", "/runs/" + String(repeating: "a", count: 129), status: 400),
        BadRequest(7, "type in upper case", "POST", "/runs/there/metadata/Flags", "{}", status: 400),
        BadRequest(
            7, "type of 65 characters", "GET", "/runs/there/metadata/" + String(repeating: "a", count: 65), status: 400),
        BadRequest(7, "property name with a slash", "POST", properties, #"{"a": 1, "b/c": 2}"#, status: 400) {
            $0.says = ["b/c"]
        },
        BadRequest(7, "property name ..", "POST", properties, #"{"..": 1}"#, status: 400),
        BadRequest(
            7, "property name of 256 bytes", "POST", properties, "{\"\(String(repeating: "a", count: 256))\": 1}",
            status: 400),
        BadRequest(7, "property name with a control character", "POST", properties, "{\"a\\u0007\": 1}", status: 400),
        BadRequest(7, "empty property name", "PATCH", properties, #"{"": 1}"#, status: 400),
        BadRequest(7, "session name with a slash", "PUT", "/runs/new", status: 400) {
            $0.headers = [("Run-Session", "../x")]
        },
        BadRequest(8, "..", "GET", "/runs/there/../../etc", status: 400),
        BadRequest(8, "escaped ..", "PUT", "/runs/%2e%2E", status: 400),
        BadRequest(8, ".", "GET", "/runs/./there", status: 400),
        BadRequest(8, "empty segment", "GET", "/runs//there", status: 400),
        BadRequest(8, "slash at the end", "GET", "/runs/there/", status: 400),
        BadRequest(8, "%2F", "PUT", "/runs/a%2Fb", status: 400) { $0.says = ["%2F"] },
        BadRequest(8, "%5C", "PUT", "/runs/a%5cb", status: 400) { $0.says = ["%5C"] },
        BadRequest(8, "%00", "PUT", "/runs/a%00b", status: 400) { $0.says = ["%00"] },
        BadRequest(9, "escape without digits", "GET", "/runs/a%zz", status: 400),
        BadRequest(9, "escape cut short", "GET", "/runs/a%4", status: 400),
        BadRequest(9, "escape of an escape", "GET", "/runs/%252e", status: 400),
        BadRequest(9, "escapes that are no UTF-8", "GET", "/runs/%ff%fe", status: 400),
        BadRequest(10, "target of 5000 bytes", "GET", "/runs/" + String(repeating: "a", count: 5000), status: 414) {
            $0.closes = true
        },
        BadRequest(
            10, "target of 5000 bytes before a body", "POST", "/runs/" + String(repeating: "a", count: 5000), "{}",
            status: 414
        ) {
            $0.closes = true
        },
        BadRequest(10, "target of 40000 bytes", "GET", "/runs/" + String(repeating: "a", count: 40000), status: 414) {
            $0.closes = true
        },
        BadRequest(11, "header of 13000 bytes", "GET", "/health", status: 431) {
            $0.headers = [("X-Long", String(repeating: "a", count: 13000))]
            $0.closes = true
        },
        BadRequest(11, "2000 headers", "GET", "/health", status: 431) {
            $0.headers = (0..<2000).map { ("X-\($0)", "a") }
            $0.closes = true
        },
    ]

    static let forms: [BadRequest] = [
        BadRequest(18, "POST without a length", "POST", flags, status: 411),
        BadRequest(18, "PATCH without a length", "PATCH", flags, status: 411),
        BadRequest(
            19, "body over --max-body", "POST", flags, "{\"a\": \"\(String(repeating: "a", count: 3000))\"}",
            status: 413
        ) {
            $0.closes = true
        },
        BadRequest(
            19, "run over --max-body", "PUT", "/runs/new", "{\"a\": \"\(String(repeating: "a", count: 3000))\"}",
            status: 413
        ) {
            $0.closes = true
        },
        BadRequest(21, "Expect: tea", "POST", flags, "{}", status: 417) {
            $0.headers = [("Expect", "tea")]
            $0.closes = true
        },
        BadRequest(23, "picture as flags", "POST", flags, "{}", status: 415) {
            $0.type = "image/png"
            $0.allowed = "application/json"
        },
        BadRequest(23, "CSV as flags", "POST", flags, "a\n1\n", status: 415) {
            $0.type = "text/csv"
            $0.allowed = "application/json"
        },
        BadRequest(23, "CSV as a patch", "PATCH", flags, "a\n1\n", status: 415) {
            $0.type = "text/csv"
            $0.allowed = "application/merge-patch+json"
        },
        BadRequest(23, "NDJSON as source", "POST", "/runs/there/metadata/source", "{}\n", status: 415) {
            $0.type = "application/x-ndjson"
            $0.allowed = "application/gzip"
        },
        BadRequest(23, "XML as a run", "PUT", "/runs/new", "<run/>", status: 415) {
            $0.type = "text/xml"
            $0.allowed = "application/json"
        },
        BadRequest(24, "Content-Encoding: br", "POST", flags, "{}", status: 415) {
            $0.headers = [("Content-Encoding", "br")]
        },
        BadRequest(24, "gzip upon gzip", "POST", flags, "{}", status: 415) {
            $0.headers = [("Content-Encoding", "gzip, gzip")]
        },
        BadRequest(27, "empty body", "POST", flags, "", status: 400),
        BadRequest(27, "body of spaces", "POST", flags, " \n ", status: 400),
        BadRequest(27, "empty patch", "PATCH", flags, "", status: 400),
        BadRequest(27, "empty source", "POST", "/runs/there/metadata/source", "", status: 400) {
            $0.type = "application/gzip"
        },
    ]

    private static let flags = "/runs/there/metadata/flags"
    private static let properties = "/runs/there/metadata/properties"
}
