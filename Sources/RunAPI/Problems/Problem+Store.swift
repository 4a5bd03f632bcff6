internal import HTTPServer
internal import Limits
internal import RunMetadata
internal import RunStore

/// Problems from errors of the store.
extension Problem {
    init(_ error: StoreError) {
        switch error {
        case .unknownRun:
            self.init(
                404, "unknown-run", "Unknown run",
                "there is no such run, and no metadata for it; GET /runs lists the runs")
        case .unknownRuns(let runs): self = .unknownRuns(runs)
        case .unknownColumn(let name, let known):
            self = .invalidQuery(
                "there is no column \"\(name.shown(atMost: 100))\"; there are: \(known.listed(atMost: 20))")
        case .tooMuchAsked(let reason): self = .invalidQuery(reason)
        case .abandoned: self.init(HTTPFault.abandoned)
        case .refused(let fault): self.init(fault)
        case .archived(let run):
            self.init(
                409, "run-archived", "Run archived",
                "the run \"\(run)\" is archived and cannot be written to; POST /runs/\(run)/restore restores it")
        case .notInitialised(let run):
            self.init(
                409, "run-not-initialised", "Run not initialised",
                "the run \"\(run)\" is not initialised yet; PUT /runs/\(run) initialises it, DELETE /runs/\(run)?force=true removes it"
            )
        case .placeTaken(let run, let isArchive):
            self.init(
                409, "id-taken", "Run id taken",
                isArchive
                    ? "the archive already has a run \"\(run)\"; move one of the two by hand"
                    : "there is already a run \"\(run)\"; rename the archived one by hand, or remove one of the two"
            )
        case .notArchived(let run):
            self.init(
                409, "run-not-archived", "Run not archived",
                "the run \"\(run)\" is not archived; archive it first, or add ?force=true to remove it with all its files"
            )
        case .noFile(let path):
            self.init(
                404, "unknown-file", "Unknown file",
                "the run has no file \"\(path)\"; GET /runs/{id}/files lists its files, PUT writes one")
        case .conditionFailed(let path):
            self.init(
                412, "precondition-failed", "Precondition failed",
                "\"\(path)\" does not meet If-Match or If-None-Match; GET it and use its present ETag")
        case .pathTaken(let reason): self.init(409, "path-taken", "Path taken", reason)
        case .outOfReach(let reason): self.init(403, "path-forbidden", "Path forbidden", reason)
        case .exhausted(let limit): self.init(Reserve.Exhausted(limit: limit))
        case .runIsLink(let run):
            self.init(
                403, "path-forbidden", "Path forbidden",
                "the directory of the run \"\(run)\" is a link, and links are not followed out of the runs directory; put the directory itself "
                    + "there (mount --bind, or cp -r), or choose another id")
        case .overloaded:
            self.init(503, "busy", "Busy", "too many writes are waiting for the disk; try again")
            headers = [("Retry-After", "1")]
        case .stopping:
            self.init(503, "stopping", "Shutting down", "the server is shutting down; try again")
            headers = [("Retry-After", "5")]
        case .readOnly(let reason):
            self.init(
                503, "read-only", "Read-only",
                "the disk failed (\(Self.withoutPaths(reason))); no writes are accepted until the server is restarted"
            )
        case .behind(let run):
            self.init(
                503, "run-behind", "Run behind",
                "the disk has had no room since the server started to update the run \"\(run)\"; its last acknowledged writes "
                    + "are safe in the journal, and become visible when there is room")
            headers = [("Retry-After", "5")]
        case .diskFull(let reason):
            self.init(
                507, "disk-full", "Disk full",
                "there is no room for this write: \(Self.withoutPaths(reason)). Reads continue; writes resume when there is room"
            )
        case .shortage(let reason):
            self.init(
                503, "out-of-resources", "Out of resources",
                "the server is out of file descriptors or memory (\(Self.withoutPaths(reason))); nothing was stored. Try again"
            )
            headers = [("Retry-After", "1")]
        case .unreachable:
            self.init(
                503, "store-unreachable", "Store unreachable",
                "the database that keeps the runs cannot be reached, or takes no writes at present; send the request again. If the "
                    + "connection was lost while it was being stored, it may have been: rows without a step or an epoch are then "
                    + "there twice")
            headers = [("Retry-After", "5")]
        case .objectsUnreachable(let reason):
            self.init(
                503, "artifacts-unreachable", "Artifacts unreachable",
                "large files cannot be stored or read at present: \(reason). Nothing was stored; send the request again"
            )
            headers = [("Retry-After", "5")]
        case .objectMissing(let object):
            self.init(
                500, "artifact-missing", "Artifact missing",
                "the content of the file is gone: there is no object \(object); restore it there, or send the file again"
            )
        case .runsGone(let reason):
            self.init(503, "runs-gone", "Runs directory gone", "nothing can be stored or read: \(reason)")
            headers = [("Retry-After", "5")]
        case .endedOtherwise(let run, let difference):
            let reason =
                switch difference {
                case .failed: "has failed: POST /runs/\(run)/resume goes on with it"
                case .stopped: "was stopped: POST /runs/\(run)/resume goes on with it"
                case .completed: "has been completed"
                case .otherTime: "has ended at another time: POST /runs/\(run)/metadata/properties sets it"
                case .otherEvaluation:
                    "has ended with another evaluation: POST /runs/\(run)/metadata/evaluation replaces it"
                }
            self.init(409, "run-ended", "Run ended otherwise", "the run \"\(run)\" \(reason)")
        case .nothingThere:
            self.init(404, "no-metadata", "No such metadata", "the run has no metadata of that type")
        case .frameConflict(let reason):
            self.init(
                409, "frame-conflict", "Conflict with stored metrics",
                "\(reason). Send ?replace=true to replace the stored metrics, or a unique step or epoch in each row to add to them"
            )
        case .tooManyPending(let exceeded) where exceeded.limit.quantity == .files:
            self.init(
                507, "too-many-pending", "Too many pending files",
                "\(exceeded.limit.most) files are kept for the session's next run, which is the limit; initialise the run, or send "
                    + "them to its id")
        case .tooManyPending(let exceeded) where exceeded.limit.quantity == .pendingOfSender:
            self.init(
                507, "too-many-pending", "Too many pending runs",
                "\(exceeded.limit.most) runs and sessions that this token has written to are not initialised yet, which is the limit "
                    + "of each token (\(exceeded.limit.setting ?? "")); PUT /runs/{id} initialises one, DELETE /runs/{id}?force=true removes one"
            )
        case .tooManyRuns(let exceeded):
            self.init(
                507, "too-many-runs", "Too many runs",
                "there are \(exceeded.limit.most) runs, archived ones among them, which is the limit (\(exceeded.limit.setting ?? "")); "
                    + "DELETE /runs/{id} removes an archived one, POST /runs/purge many")
        case .runFull(let exceeded):
            self.init(
                507, "run-full", "Run full",
                "the run would be \(exceeded), which is the limit of each run; remove files (DELETE /runs/{id}/files/{path}), or "
                    + "send less")
        case .storeFull(let exceeded):
            self.init(
                507, "runs-full", "Runs full",
                "all runs together would be \(exceeded), which is the limit; archive runs and purge them, or remove files"
            )
        case .writtenMeanwhile:
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "something was written to the run since it was found to be old, so it stays")
        case .tooManyPending(let exceeded):
            self.init(
                507, "too-many-pending", "Too many pending runs",
                "\(exceeded.limit.most) runs and sessions are not initialised yet, which is the limit (\(exceeded.limit.setting ?? "")); "
                    + "PUT /runs/{id} initialises one, DELETE /runs/{id}?force=true removes one, and POST /runs/purge with "
                    + "pending=true removes many")
        case .failed: self = .internalFault
        case .changedMeanwhile(let path):
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "another program changed the run's \(path) while this was being written; send it again")
        case .overtaken(let path):
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "a later request has changed the run's \(path) while this one's file was being stored, and stays; nothing of this "
                    + "one was stored. Send it again if it is to replace that")
        case .query(let fault): self.init(fault)
        case .indexing(let done, let total):
            self.init(
                503, "indexing", "Index being built",
                "the index of the runs is being built (\(done) of \(total) runs); everything else works. Try again")
            headers = [("Retry-After", "1")]
        case .tooLarge(let reason):
            self.init(
                507, "too-large", "Too large",
                "\(reason); ask for fewer columns or read the file itself, /runs/{id}/files/tfruns.d/metrics.ndjson")
        case .beingWritten(let path):
            self.init(
                503, "being-written", "Being written",
                "the run's \(path) is truncated: another program is writing it, or was killed while it did; try again, or rewrite the file"
            )
            headers = [("Retry-After", "1")]
        case .unreadable(let reason): self.init(409, "unreadable", "Stored file unreadable", reason)
        }
    }
}
