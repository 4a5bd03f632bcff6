extension ProblemType {
    /// What a body can have.
    static let bodyTypes: [ProblemType] = [
        ProblemType(
            400, "empty-body", "Empty body", "The request needs a body and has none.",
            "Send one: `curl -d '{\"loss\": 0.4}'`."),
        ProblemType(
            400, "invalid-json", "Invalid body",
            "The body is no JSON (RFC 8259), or repeats a name, or is nested too deep. Nothing was stored.",
            "`offset` is the byte at which reading ended. `NaN` and `Infinity` are taken in metrics and evaluation alone."
        ),
        ProblemType(
            400, "invalid-form", "Invalid form",
            "The body is no `multipart/form-data` as its content type says, or is cut short. Nothing was stored.",
            "Let the client make the form and its header: `curl -F file=@train.py`."),
        ProblemType(
            400, "invalid-gzip", "Invalid gzip",
            "`Content-Encoding` says gzip, and the body is none or is damaged. Nothing was stored.",
            "Pack the body, or leave the header out."),
        ProblemType(
            400, "invalid-digest", "Invalid digest",
            "`Repr-Digest`, `Content-Digest` or `Content-MD5` is not what RFC 9530 and RFC 1864 have. Nothing was stored.",
            "Send `Repr-Digest: sha-256=:…:` with the digest's bytes in base64 between the colons, not in hexadecimal digits."
        ),
        ProblemType(
            422, "digest-mismatch", "Digest does not match",
            "The digest that was sent is not that of what came: something changed it on the way, or before. Nothing was stored.",
            "Send it again. `Repr-Digest` is of the whole file; `Content-Digest` and `Content-MD5` are of the body as it is sent."
        ),
        ProblemType(
            403, "directory-forbidden", "Directory forbidden",
            "The server may not read the directory that the source is to be taken from.",
            "Send the files themselves, or start the server with `--source-root` for a folder above it."),
        ProblemType(
            411, "length-required", "Length required", "The request needs a body, and does not say how long one is.",
            "Send `Content-Length` or `Transfer-Encoding: chunked`, as `curl -d` and `curl -T` do."),
        ProblemType(
            413, "content-too-large", "Content too large",
            "The body, or what it unpacks to, is larger than the limit. Nothing was stored.",
            "Send less at once, or start the server with a higher `--max-body` or, for source and files, `--max-upload`."
        ),
        ProblemType(
            415, "unsupported-media-type", "Unsupported media type",
            "The content type or the content encoding is none that is taken here. Nothing was stored.",
            "`allowed` lists those that are. Files are sent as they are: `curl -T net.pt`."),
        ProblemType(
            422, "invalid-content", "Invalid content",
            "The body can be read, but does not say what this type of metadata takes. Nothing was stored.",
            "`pointer` is the place in the body (RFC 6901), `detail` what is taken there."),
    ]

    /// What a run or a file can be in the way of a request.
    static let stateTypes: [ProblemType] = [
        ProblemType(
            403, "path-forbidden", "Path forbidden",
            "The path leads through a link out of the run's directory, or to metadata, which is not written as a file.",
            "Write metadata to `/runs/{id}/metadata/{type}`. Put files themselves in the run's directory, not links to them."
        ),
        ProblemType(
            404, "unknown-run", "Unknown run", "There is no run of this id, or no run is active in this session.",
            "`GET /runs` lists the runs that there are; `PUT /runs/{id}` makes one. What was written to a run before that is kept "
                + "and comes with it."),
        ProblemType(
            404, "unknown-file", "Unknown file", "The run has no file at this path.",
            "`GET /runs/{id}/files` lists those that it has."),
        ProblemType(
            404, "no-metadata", "No such metadata", "The run is there, but has no metadata of this type yet.",
            "`GET /runs/{id}/metadata` lists what it has; `POST` to the same path writes it."),
        ProblemType(
            409, "run-archived", "Run archived", "The run is in the archive, where nothing is written to it.",
            "`POST /runs/{id}/restore` brings it back."),
        ProblemType(
            409, "run-ended", "Run ended otherwise",
            "The run has failed, was stopped or was completed, and the request says that it ended in another way.",
            "`POST /runs/{id}/resume` goes on with it."),
        ProblemType(
            409, "run-not-archived", "Run not archived", "Only archived runs are removed, lest one is lost by mistake.",
            "Archive it first, with `POST /runs/{id}/archive`, or add `?force=true`."),
        ProblemType(
            409, "run-not-initialised", "Run not initialised",
            "There is only metadata that waits for the run to be initialised.",
            "`PUT /runs/{id}` initialises it, `DELETE /runs/{id}?force=true` removes it."),
        ProblemType(
            409, "id-taken", "Run id taken", "A run of this id is already where this one is to be moved.",
            "Move or remove one of the two by hand."),
        ProblemType(
            409, "path-taken", "Path taken",
            "Where the file is to be there is a folder, or where a folder is to be there is a file.",
            "Choose another path, or remove what is there."),
        ProblemType(
            409, "upload-offset", "Part does not join on",
            "The part of a file begins behind what has come of it, or is of a file of another length.",
            "`Range` in the reply says what is there: go on with the byte behind that, or begin anew with byte 0."),
        ProblemType(
            409, "frame-conflict", "Conflict with the metrics that are there",
            "A whole frame of metrics came, which would take the place of more rows than it has, or of others.",
            "Send `?replace=true` to replace what is there, or a step or epoch of its own in each row to add to it."),
        ProblemType(
            409, "changed-meanwhile", "Changed meanwhile",
            "Something else changed the run's files while this was being written. Nothing was stored.", "Send it again."
        ),
        ProblemType(
            409, "unreadable", "Stored file unreadable",
            "A file in the run's directory is not what it should be; something else has written it.",
            "`detail` names the file. `rundir check` looks through all runs, and `rundir check --repair` mends what it can."
        ),
        ProblemType(
            412, "precondition-failed", "Precondition failed",
            "What is here is not what `If-Match` or `If-None-Match` asks for: somebody has written it since.",
            "Read it again, and decide by what it is now."),
        ProblemType(
            416, "range-not-satisfiable", "Range not satisfiable",
            "The file has none of the bytes that `Range` asks for.",
            "`Content-Range` says how many it has."),
    ]
}
