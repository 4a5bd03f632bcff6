internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The only place where errors of all layers are converted to MLflow's.
extension MLflowError {
    /// Nil for an error of another part, such as a check before the API.
    init?(_ error: any Error) {
        switch error {
        case let error as MLflowError: self = error
        case let fault as MetadataFault: self = .invalid(fault.detail)
        case let error as StoreError: self.init(error)
        case let error as ScratchError: self.init(StoreError(error))
        case let fault as RunQueryFault: self = .invalid(fault.detail)
        case let failure as RequestPath.Failure: self = .invalid("Invalid path: \(failure.reason)")
        case let exceeded as LimitExceeded: self = .invalid("The request has \(exceeded)")
        default: return nil
        }
    }

    /// Converts an error reply of another part.
    init(problem: HTTPResponse) {
        let code: Code =
            switch problem.status {
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .endpointNotFound
            case 429: .resourceExhausted
            case 501: .notImplemented
            case 503: .temporarilyUnavailable
            case 500...: .internalError
            default: .badRequest
            }
        var message = HTTPResponse.reason(problem.status)
        if case .bytes(let body) = problem.body, let detail = try? JSONValue.parse(body)["detail"]?.string {
            message = detail
        }
        let wait = problem.headers.first { $0.name == "Retry-After" }.flatMap { Int($0.value) }
        self.init(code, message, status: problem.status, retryAfter: wait)
    }

    private init(_ error: StoreError) {
        switch error {
        case .unknownRun: self.init(.resourceDoesNotExist, "There is no such run")
        case .unknownRuns(let runs):
            self.init(.resourceDoesNotExist, "There are no runs \(runs.map(\.description).listed())")
        case .refused(let fault): self = .invalid(fault.detail)
        case .query(let fault): self = .invalid(fault.detail)
        case .archived(let run):
            self = .invalid("The run \(run) must be in 'active' state; it is deleted, restore it first")
        case .noFile(let path): self.init(.resourceDoesNotExist, "No such artifact: '\(path)'")
        case .nothingThere: self.init(.resourceDoesNotExist, "There is no such entry")
        case .pathTaken(let reason), .outOfReach(let reason), .tooMuchAsked(let reason): self = .invalid(reason)
        case .placeTaken(let run, _), .notInitialised(let run), .notArchived(let run), .endedOtherwise(let run, _):
            self.init(.resourceConflict, "The run \(run) is in another state meanwhile; try again")
        case .changedMeanwhile(let path):
            self.init(.resourceConflict, "\(path) was changed meanwhile; try again")
        case .overtaken(let path):
            self.init(.resourceConflict, "\(path) was changed by a later request; send it again to replace that")
        case .unreadable(let reason): self.init(.resourceConflict, reason)
        case .runIsLink(let run): self.init(.permissionDenied, "The directory of the run \(run) is a link")
        case .overloaded, .exhausted:
            self.init(.temporarilyUnavailable, "Too many requests wait; try again", retryAfter: 1)
        case .shortage: self.init(.temporarilyUnavailable, "The server is out of resources; try again", retryAfter: 1)
        case .stopping, .abandoned:
            self.init(.temporarilyUnavailable, "The server is shutting down; try again", retryAfter: 5)
        case .indexing(let done, let total):
            self.init(
                .temporarilyUnavailable, "The index of the runs is being built (\(done) of \(total)); try again",
                retryAfter: 1)
        case .beingWritten(let path):
            self.init(.temporarilyUnavailable, "\(path) is being written by another program; try again", retryAfter: 1)
        case .behind(let run):
            self.init(
                .temporarilyUnavailable, "The disk has no room to update the run \(run); try later", retryAfter: 5)
        case .readOnly:
            self.init(.temporarilyUnavailable, "The disk failed; no writes are accepted until the server is restarted")
        case .unreachable:
            self.init(.temporarilyUnavailable, "the database that keeps the runs cannot be reached", retryAfter: 5)
        case .objectsUnreachable(let reason):
            self.init(.temporarilyUnavailable, "large files cannot be stored or read: \(reason)", retryAfter: 5)
        case .objectMissing(let object):
            self.init(.internalError, "the content of the file is gone: there is no object \(object)")
        case .runsGone(let reason): self.init(.temporarilyUnavailable, reason, retryAfter: 5)
        // 507: MLflow's clients do not repeat a request that needs an operator.
        case .diskFull: self.init(.resourceExhausted, "The server's disk is full; nothing was stored", status: 507)
        case .tooManyPending: self.init(.resourceExhausted, "Too many runs wait to be initialised", status: 507)
        case .tooManyRuns(let exceeded):
            self.init(.resourceExhausted, "There would be runs \(exceeded); purge some", status: 507)
        case .runFull(let exceeded):
            self.init(.resourceExhausted, "The run would be \(exceeded); remove artifacts, or send less", status: 507)
        case .storeFull(let exceeded):
            self.init(.resourceExhausted, "All runs together would be \(exceeded); purge some", status: 507)
        case .writtenMeanwhile: self.init(.resourceConflict, "The run was written to meanwhile")
        case .tooLarge(let reason): self.init(.resourceExhausted, reason, status: 507)
        case .conditionFailed, .frameConflict, .unknownColumn, .failed:
            self.init(.internalError, "The server failed; its log says why")
        }
    }
}
