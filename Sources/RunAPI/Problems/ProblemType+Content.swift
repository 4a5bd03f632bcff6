extension ProblemType {
    /// Problems of a body.
    static let bodyTypes: [ProblemType] = [
        ProblemType(
            400, "empty-body", "Empty body", "The request needs a body but has none.",
            "Send one: `curl -d '{\"loss\": 0.4}'`."),
        ProblemType(
            400, "invalid-json", "Invalid body",
            "The body is not JSON (RFC 8259), repeats a name, or is nested too deep. Nothing was stored.",
            "`offset` is the byte at which reading ended. `NaN` and `Infinity` are only accepted in metrics and evaluation."
        ),
        ProblemType(
            400, "invalid-form", "Invalid form",
            "The body is not the `multipart/form-data` that its content type announces, or is truncated. Nothing was stored.",
            "Let the HTTP client make the form and its header: `curl -F file=@train.py`."),
        ProblemType(
            400, "invalid-gzip", "Invalid gzip",
            "`Content-Encoding` is gzip, but the body is not gzip or is damaged. Nothing was stored.",
            "Compress the body, or leave the header out."),
        ProblemType(
            400, "invalid-digest", "Invalid digest",
            "`Repr-Digest`, `Content-Digest` or `Content-MD5` is malformed (RFC 9530, RFC 1864). Nothing was stored.",
            "Send `Repr-Digest: sha-256=:…:` with the digest's bytes in base64 between the colons, not in hexadecimal."
        ),
        ProblemType(
            422, "digest-mismatch", "Digest does not match",
            "The digest that was sent does not match the received bytes: something changed them. Nothing was stored.",
            "Send it again. `Repr-Digest` is of the whole file; `Content-Digest` and `Content-MD5` are of the body as sent."
        ),
        ProblemType(
            403, "directory-forbidden", "Directory forbidden",
            "The server may not read the directory named for the source.",
            "Send the files themselves, or start the server with `--source-root` for a folder above it."),
        ProblemType(
            411, "length-required", "Length required", "The request needs a body, but does not give its length.",
            "Send `Content-Length` or `Transfer-Encoding: chunked`, as `curl -d` and `curl -T` do."),
        ProblemType(
            413, "content-too-large", "Content too large",
            "The body, compressed or unpacked, exceeds the limit. Nothing was stored.",
            "Send less at once, or raise `--max-body` or, for source and files, `--max-upload`."
        ),
        ProblemType(
            415, "unsupported-media-type", "Unsupported media type",
            "The content type or the content encoding is not accepted here. Nothing was stored.",
            "`allowed` lists the accepted ones. Send files as they are: `curl -T net.pt`."),
        ProblemType(
            422, "invalid-content", "Invalid content",
            "The body can be read, but does not have the form that is expected here. Nothing was stored.",
            "`pointer` is the place in the body (RFC 6901), `detail` says what is expected there."),
    ]

    /// Problems of the state of a run or a file.
    static let stateTypes: [ProblemType] = [
        ProblemType(
            403, "path-forbidden", "Path forbidden",
            "The path leads out of the run's directory by a link, or to metadata, which cannot be written as a file.",
            "Write metadata to `/runs/{id}/metadata/{type}`. Put files themselves in the run's directory, not links to them."
        ),
        ProblemType(
            404, "unknown-run", "Unknown run", "There is no run with this id, or no run is active in this session.",
            "`GET /runs` lists the runs; `PUT /runs/{id}` initialises one. Metadata that was sent to it before is kept and "
                + "becomes part of it."),
        ProblemType(
            404, "unknown-file", "Unknown file", "The run has no file at this path.",
            "`GET /runs/{id}/files` lists its files."),
        ProblemType(
            404, "no-metadata", "No such metadata", "The run exists, but has no metadata of this type yet.",
            "`GET /runs/{id}/metadata` lists its metadata; `POST` to the same path writes it."),
        ProblemType(
            409, "run-archived", "Run archived", "The run is archived; archived runs cannot be written to.",
            "`POST /runs/{id}/restore` restores it."),
        ProblemType(
            409, "run-ended", "Run ended otherwise",
            "The run has already failed, was stopped or completed, but the request says that it ended in another way.",
            "`POST /runs/{id}/resume` resumes it."),
        ProblemType(
            409, "run-not-archived", "Run not archived",
            "Only archived runs can be removed, so that none is lost by mistake.",
            "Archive it first, with `POST /runs/{id}/archive`, or add `?force=true`."),
        ProblemType(
            409, "run-not-initialised", "Run not initialised",
            "The run is not initialised yet; there is only metadata for it.",
            "`PUT /runs/{id}` initialises it, `DELETE /runs/{id}?force=true` removes it."),
        ProblemType(
            409, "id-taken", "Run id taken",
            "There is already a run with this id at the place where this one would be moved.",
            "Move or remove one of the two by hand."),
        ProblemType(
            409, "path-taken", "Path taken",
            "A folder has the file's path, or a file has the path of one of its folders.",
            "Choose another path, or remove the existing file or folder."),
        ProblemType(
            409, "upload-offset", "Part out of place",
            "The part of a file begins after the bytes received so far, or belongs to a file of another length.",
            "`Range` in the reply says which bytes were received: continue with the next byte, or start again with byte 0."
        ),
        ProblemType(
            409, "frame-conflict", "Conflict with stored metrics",
            "The whole frame of metrics would replace more rows than it has, or other rows.",
            "Send `?replace=true` to replace the stored metrics, or a unique step or epoch in each row to add to them."),
        ProblemType(
            409, "changed-meanwhile", "Changed meanwhile",
            "Another program, or a later request, changed the run's files while this was being written; or what was to be removed for its "
                + "age was written to. Nothing was changed.",
            "Send it again."
        ),
        ProblemType(
            409, "unreadable", "Stored file unreadable",
            "A file in the run's directory cannot be read; another program has written it.",
            "`detail` names the file. `rundir check` checks all runs, and `rundir check --repair` repairs what it can."
        ),
        ProblemType(
            412, "precondition-failed", "Precondition failed",
            "The condition of `If-Match` or `If-None-Match` is false: the resource has been written since.",
            "Read it again, and decide by its present content."),
        ProblemType(
            416, "range-not-satisfiable", "Range not satisfiable",
            "The file has none of the bytes that `Range` asks for.",
            "`Content-Range` in the reply has its length."),
    ]
}
