extension ProblemType {
    /// What the path, the head or the query of a request can have.
    static let requestTypes: [ProblemType] = [
        ProblemType(
            400, "invalid-name", "Invalid name",
            "A run id, a type, a session or the name of a value has characters that it may not have, or too many.",
            "`detail` says what is allowed there. Choose another name."),
        ProblemType(
            400, "invalid-path", "Invalid path",
            "The path of the request could mean two things, or nothing: an empty segment, `.` or `..`, a broken percent "
                + "escape, or an escaped character that parts names.",
            "Escape each segment once. In `files/{path}` an escaped `/` parts names as `/` does."),
        ProblemType(
            400, "invalid-query", "Invalid query",
            "A parameter of the query is not known here, or has a value that it does not take.",
            "`detail` names the parameter, `allowed` the values. In `where`, `offset` is the place in the expression. Let curl "
                + "escape it: `curl -G --data-urlencode 'where=eval_acc > 0.9'`."),
        ProblemType(
            400, "invalid-condition", "Invalid condition",
            "`If-Match` or `If-None-Match` is neither `*` nor a list of entity tags.",
            "Send the `ETag` of an earlier reply as it came, with its quotes."),
        ProblemType(
            400, "invalid-content-range", "Invalid Content-Range",
            "`Content-Range` cannot be read, or does not fit the body that it stands over.",
            "A part is `bytes 0-1023/4096`: its first and last byte, counted from 0, and the length of the whole file. "
                + "`bytes */4096` without a body asks how much is there. Without the header the whole file is sent."),
        ProblemType(
            400, "invalid-host", "Invalid Host", "The request has no `Host`, several, or one that is no host name.",
            "Send one, with the server's name or address and port."),
        ProblemType(
            400, "malformed-request", "Malformed request",
            "The bytes that came are no HTTP/1.1 request. The connection is closed.",
            "Use an HTTP library. Whoever writes to the socket by hand ends lines with CR LF, and says how long the body is."
        ),
        ProblemType(
            403, "foreign-origin", "Foreign origin",
            "A page of another site has a browser send this request. Such a request may change nothing.",
            "Send it from a program, or from this server's own pages. A proxy in front of the server has to pass `Host` on."
        ),
        ProblemType(
            404, "unknown-path", "Unknown path", "Nothing is at this path.",
            "`GET /openapi.yaml` tells what is where."),
        ProblemType(
            404, "unknown-type", "Unknown type", "No writer is registered for this type of metadata.",
            "`allowed` lists the types that there are, as `GET /types` does. The types of one's own are registered when the "
                + "server is started."),
        ProblemType(
            405, "method-not-allowed", "Method not allowed", "The path is known, but not with this method.",
            "The header `Allow` lists the methods that it has."),
        ProblemType(
            414, "target-too-long", "Target too long",
            "The path and the query together are too long. The connection is closed.",
            "Send parameters in the body where that is possible, or ask for less at once."),
        ProblemType(
            417, "expectation-failed", "Expectation failed",
            "`Expect` asks for something that the server does not know.",
            "Leave the header out."),
        ProblemType(
            421, "misdirected-request", "Misdirected request",
            "`Host` is the name of another machine. That is how a page of another site would reach this server.",
            "Use a name or an address of the server's machine. For another name of it, such as a proxy's, start the server with "
                + "`--allow-host NAME`."),
        ProblemType(
            431, "headers-too-large", "Headers too large",
            "The header fields, or the fields of the query, are too many or too long. The connection is closed.",
            "Leave out what is not needed; cookies are of no use here."),
        ProblemType(
            501, "unknown-method", "Unknown method", "The method is none that the server knows.",
            "Methods are in upper case: `GET`, `POST`."),
        ProblemType(
            501, "unknown-transfer-coding", "Unknown transfer coding",
            "`Transfer-Encoding` is something other than `chunked`. The connection is closed.",
            "Send a packed body with `Content-Encoding: gzip`."),
        ProblemType(
            505, "unsupported-version", "Unsupported HTTP version",
            "The request is of another version of HTTP. The connection is closed.", "Send HTTP/1.1."),
    ]
}
