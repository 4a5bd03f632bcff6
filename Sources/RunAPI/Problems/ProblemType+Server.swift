extension ProblemType {
    /// Problems of the server, its disk and its programs.
    static let serverTypes: [ProblemType] = [
        ProblemType(
            500, "internal", "Internal error", "The server has failed unexpectedly.",
            "Search the server's log for the `request_id`, and report what it says."),
        ProblemType(
            500, "artifact-missing", "Artifact missing",
            "The content of the file is gone from the S3 bucket that keeps large files (`--artifacts`).",
            "`detail` names the object. Restore it from a backup of the bucket, or send the file again."),
        ProblemType(
            502, "writer-failed", "Writer failed",
            "The program that writes this custom type ended with an error. Nothing was stored.",
            "`detail` has the last lines of its standard error. Correct the body or the program."),
        ProblemType(
            502, "writer-output", "Writer's output refused",
            "The output of this custom type's program cannot be published: too much, a link, or a file that belongs to another "
                + "type. Nothing was stored.",
            "`detail` names it. The program may only make ordinary files of its own in the folder that it is given."),
        ProblemType(
            503, "busy", "Busy",
            "The server is overloaded: too many connections or readers of events, or too much is being sent or written at once. "
                + "Nothing was stored.",
            "Send it again after the seconds in `Retry-After`."),
        ProblemType(
            503, "client-gone", "Client gone",
            "The client closed its side of the connection before its reply was there, so the request was not carried out.",
            "Keep the connection open until the reply has arrived."),
        ProblemType(
            503, "stopping", "Shutting down", "The server is being stopped or restarted. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`."),
        ProblemType(
            503, "indexing", "Index being built", "The index of the runs is being built; everything else works.",
            "Ask again after the seconds in `Retry-After`."),
        ProblemType(
            503, "read-only", "Read-only",
            "A sync of the disk failed, so writes are no longer safe. The server is read-only.",
            "Check the disk, then restart the server."),
        ProblemType(
            503, "run-behind", "Run behind",
            "The disk has no room to update this run's files. Acknowledged writes are safe.",
            "Free disk space; the server then continues by itself."),
        ProblemType(
            503, "being-written", "Being written",
            "Another program, such as R, is writing this file of the run, or was killed while it did: the file is truncated. The "
                + "listing has the previous values.",
            "Ask again after the seconds in `Retry-After`. If it stays so, write the file again."),
        ProblemType(
            503, "runs-gone", "Runs directory gone",
            "The runs directory is gone or was replaced: for example, a disk is not mounted.",
            "Put it back; the server then continues by itself."),
        ProblemType(
            503, "store-unreachable", "Store unreachable",
            "The database that keeps the runs (`--store`) cannot be reached, or takes no writes at present. If the connection was lost "
                + "while the request was being stored, it may have been.",
            "Send it again after the seconds in `Retry-After`: the server then continues by itself."),
        ProblemType(
            503, "artifacts-unreachable", "Artifacts unreachable",
            "The S3 bucket that keeps large files (`--artifacts`) cannot be reached, or refuses the server. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`. If it stays so, `detail` says what the operator can set."
        ),
        ProblemType(
            503, "out-of-resources", "Out of resources",
            "The server has no file descriptors or no memory left. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`; raise the limits of the service (`LimitNOFILE`)."),
        ProblemType(
            503, "not-ready", "Not ready", "The server does not accept writes at the moment.",
            "`reasons` lists all causes."),
        ProblemType(
            504, "writer-timeout", "Writer timed out",
            "The program that writes this custom type took too long and was killed. Nothing was stored.",
            "Raise `time_limit` in the type's description, or let the program do less."),
        ProblemType(
            507, "disk-full", "Disk full", "There is no room on the disk, or the quota is used up. Nothing was stored.",
            "Free disk space; reads continue, and writes then resume by themselves."),
        ProblemType(
            507, "too-many-pending", "Too many pending runs",
            "Too many runs are not initialised yet, in all or of this token. Nothing was stored.",
            "Initialise runs (`PUT /runs/{id}`) or remove pending ones: `curl -d pending=true -d unchanged_for=604800 …/runs/purge`."
        ),
        ProblemType(
            507, "too-many-runs", "Too many runs",
            "There are as many runs, archived ones among them, as `--max-runs` allows. Nothing was stored.",
            "Archive runs that are no longer needed and purge them: `POST /runs/archive`, `POST /runs/purge`. The operator can raise "
                + "`--max-runs`."),
        ProblemType(
            507, "run-full", "Run full",
            "The run's files would be more bytes than `--max-run-bytes` allows for each run. Nothing was stored.",
            "Remove files of the run that are no longer needed (`DELETE /runs/{id}/files/{path}`), or send less. The operator can "
                + "raise `--max-run-bytes`."),
        ProblemType(
            507, "runs-full", "Runs full",
            "All runs together, pending and archived ones among them, would be more bytes than `--max-total-bytes` allows. Nothing was "
                + "stored.",
            "Archive runs that are no longer needed and purge them, or remove files; then writes go on. The operator can raise "
                + "`--max-total-bytes`."),
        ProblemType(
            507, "too-many-uploads", "Too many uploads",
            "Too many uploads are incomplete. Nothing was stored.",
            "Finish other uploads, or send the whole file in one request. After a week without a part an upload is dropped."
        ),
        ProblemType(
            507, "too-large", "Too large", "The metrics are too large to be assembled in memory.",
            "Ask for fewer columns, or read the file itself: `/runs/{id}/files/tfruns.d/metrics.ndjson`."),
    ]
}
