extension ProblemType {
    /// What can be wrong with the server, its disk and its programs.
    static let serverTypes: [ProblemType] = [
        ProblemType(
            500, "internal", "Fault inside", "Something went wrong in the server that should not.",
            "Search the server's log for the `request_id`, and report what it says there."),
        ProblemType(
            502, "writer-failed", "Writer failed",
            "The program that writes this custom type ended with an error. Nothing was stored.",
            "`detail` has the last lines of its standard error. Mend the body or the program."),
        ProblemType(
            502, "writer-output", "Writer's output refused",
            "What the program of this custom type made cannot be published: too much, a link, or a file that belongs to another "
                + "type. Nothing was stored.",
            "`detail` names it. The program may make ordinary files of its own in the folder that it is given."),
        ProblemType(
            503, "busy", "Busy", "More is being sent or written at once than the server takes. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`."),
        ProblemType(
            503, "client-gone", "Client gone",
            "The client closed its side of the connection before its reply was there, so the work was not done.",
            "Keep the connection open until the reply has come."),
        ProblemType(
            503, "stopping", "Shutting down", "The server is being stopped or restarted. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`."),
        ProblemType(
            503, "indexing", "Index being built", "The listing of the runs is being built; all else works.",
            "Ask again after the seconds in `Retry-After`."),
        ProblemType(
            503, "read-only", "Read-only",
            "The disk failed to keep what was written, so that no write can be relied on. The server only reads.",
            "Look after the disk, then restart the server."),
        ProblemType(
            503, "run-behind", "Run behind",
            "The disk has no room to bring this run's files up to date. What was acknowledged is safe.",
            "Make room; then it goes on by itself."),
        ProblemType(
            503, "being-written", "Being written",
            "Something else, such as R, is writing this file of the run, or was ended while it did: it is cut short. The listing "
                + "tells what was there before.",
            "Ask again after the seconds in `Retry-After`. If it stays so, write the file anew."),
        ProblemType(
            503, "runs-gone", "Runs directory gone",
            "The directory of the runs is gone, or another is in its place: a disk that is not mounted, for example.",
            "Bring it back; then the server goes on by itself."),
        ProblemType(
            503, "out-of-resources", "Out of resources",
            "The server has no file descriptors or no memory left. Nothing was stored.",
            "Send it again after the seconds in `Retry-After`; raise the limits of the service (`LimitNOFILE`)."),
        ProblemType(
            503, "not-ready", "Not ready", "The server takes no writes at the moment.",
            "`reasons` lists all that is in the way."),
        ProblemType(
            504, "writer-timeout", "Writer over its time",
            "The program that writes this custom type took too long and was ended. Nothing was stored.",
            "Raise `time_limit` in the type's description, or have the program do less."),
        ProblemType(
            507, "disk-full", "Disk full", "There is no room on the disk, or the quota is used up. Nothing was stored.",
            "Make room; reads go on, and writes go on by themselves."),
        ProblemType(
            507, "too-many-pending", "Too many pending runs",
            "More runs than the limit wait to be initialised. Nothing was stored.",
            "Initialise runs (`PUT /runs/{id}`) or remove what waits: `curl -d pending=true -d unchanged_for=604800 …/runs/purge`."
        ),
        ProblemType(
            507, "too-many-uploads", "Too many uploads",
            "Too many files wait for the rest of their parts. Nothing was stored.",
            "Send the rest of those that wait, or the whole file in one request. After a week without a part an upload is dropped."
        ),
        ProblemType(
            507, "too-large", "Too large to be read so", "The metrics are too large to be put together in memory.",
            "Ask for fewer columns, or read the file itself: `/runs/{id}/files/tfruns.d/metrics.ndjson`."),
    ]
}
