extension ProblemType {
    /// Problems of the path, the head or the query of a request.
    static let requestTypes: [ProblemType] = [
        ProblemType(
            400, "invalid-name", "Invalid name",
            "A run id, a type, a session or the name of a value is too long or has characters that are not allowed.",
            "`detail` says what is allowed there. Choose another name."),
        ProblemType(
            400, "invalid-path", "Invalid path",
            "The path of the request is ambiguous or invalid: an empty segment, `.` or `..`, a broken percent escape, or an "
                + "escaped separator.",
            "Escape each segment once. In `files/{path}` an escaped `/` separates names as `/` does."),
        ProblemType(
            400, "invalid-query", "Invalid query",
            "A parameter of the query is unknown here, or has an invalid value.",
            "`detail` names the parameter, `allowed` the valid values. In `where`, `offset` is the place in the expression. Let curl "
                + "escape it: `curl -G --data-urlencode 'where=eval_acc > 0.9'`."),
        ProblemType(
            400, "invalid-condition", "Invalid condition",
            "`If-Match` or `If-None-Match` is neither `*` nor a list of entity tags.",
            "Send the `ETag` of an earlier reply unchanged, with its quotes."),
        ProblemType(
            400, "invalid-content-range", "Invalid Content-Range",
            "`Content-Range` is malformed, or does not match the body.",
            "A part is `bytes 0-1023/4096`: its first and last byte, counted from 0, and the length of the whole file. "
                + "`bytes */4096` without a body asks how much was received. Without the header, send the whole file."),
        ProblemType(
            400, "invalid-host", "Invalid Host", "The request has no `Host`, several, or one that is not a host name.",
            "Send one, with the server's name or address and port."),
        ProblemType(
            400, "malformed-request", "Malformed request",
            "The received bytes are not an HTTP/1.1 request. The connection is closed.",
            "Use an HTTP library. If you write to the socket yourself, end lines with CR LF, and give the body's length."
        ),
        ProblemType(
            400, "tls-required", "TLS required",
            "The request was sent without TLS to a port that has it. The connection is closed.",
            "Begin the address with `https://`. If the request had secrets, such as a token, consider replacing them: "
                + "they were sent unencrypted."),
        ProblemType(
            403, "foreign-origin", "Foreign origin",
            "A page of another site made a browser send this request. Such requests may change nothing.",
            "Send it from a program, or from this server's own pages. Pages of an origin that `--allow-origin` names may read, and "
                + "change things with a token in `Authorization`. A proxy in front of the server has to pass `Host` on."
        ),
        ProblemType(
            401, "token-needed", "Token needed",
            "The server has tokens, and this request came without one.",
            "Send it as `Authorization: Bearer rd_…` or as password (`curl -u :rd_…`). `rundir token create` makes one, on the "
                + "server's machine."),
        ProblemType(
            401, "unknown-token", "Unknown token",
            "The token in `Authorization` is not known: it was never made, was revoked, or has expired.",
            "`rundir token list` shows the tokens, on the server's machine; `rundir token create` makes one."),
        ProblemType(
            403, "right-missing", "Right missing",
            "The token may do less than the request needs: `read` reads, `write` also writes, `admin` also removes runs and changes many "
                + "at once.",
            "Use a token with the right that `detail` names."),
        ProblemType(
            403, "run-not-allowed", "Run not allowed",
            "The token is limited to runs of certain ids, and the request is about another run, or about all.",
            "Use a run whose id matches a pattern in `detail`, or another token. Such a token names its new runs itself: "
                + "`PUT /runs/{id}`."),
        ProblemType(
            404, "unknown-path", "Unknown path", "There is nothing at this path.",
            "`GET /openapi.yaml` describes all paths."),
        ProblemType(
            404, "unknown-type", "Unknown type", "No writer is registered for this type of metadata.",
            "`allowed` lists the registered types, as `GET /types` does. Custom types are registered when the server starts, "
                + "and on SIGHUP."),
        ProblemType(
            405, "method-not-allowed", "Method not allowed", "The path does not have this method.",
            "The header `Allow` lists its methods."),
        ProblemType(
            414, "target-too-long", "Target too long",
            "The path and the query together are too long. The connection is closed.",
            "Send parameters in the body where that is possible, or ask for less at once."),
        ProblemType(
            417, "expectation-failed", "Expectation failed",
            "`Expect` asks for something that the server does not support.",
            "Leave the header out."),
        ProblemType(
            421, "misdirected-request", "Misdirected request",
            "`Host` is not a name of this server: a page of another site could reach it that way (DNS rebinding).",
            "Use a name or an address of the server's machine. For another name, such as a proxy's, start the server with "
                + "`--allow-host NAME`."),
        ProblemType(
            431, "headers-too-large", "Headers too large",
            "The header fields, or the fields of the query, are too many or too long. The connection is closed.",
            "Leave out what is not needed."),
        ProblemType(
            501, "unknown-method", "Unknown method", "The server does not know this method.",
            "Write methods in upper case: `GET`, `POST`."),
        ProblemType(
            501, "unknown-transfer-coding", "Unknown transfer coding",
            "`Transfer-Encoding` is something other than `chunked`. The connection is closed.",
            "Send a compressed body with `Content-Encoding: gzip`."),
        ProblemType(
            429, "too-many-requests", "Too many requests",
            "The token, or the address of a request without one, has made as many requests within a second as it may. Nothing was "
                + "stored.",
            "Wait for the seconds in `Retry-After`. Several rows or lines fit in one request."),
        ProblemType(
            505, "unsupported-version", "Unsupported HTTP version",
            "The request uses another version of HTTP. The connection is closed.", "Send HTTP/1.1."),
    ]
}
