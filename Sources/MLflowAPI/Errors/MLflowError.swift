internal import HTTPServer
internal import JSON
internal import Limits

/// An error in the form that MLflow's clients read: `{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "…"}`. They
/// check the code, and repeat a request after the statuses 408, 429, 500, 502, 503 and 504.
struct MLflowError: Error, Equatable {
    /// MLflow's codes (mlflow/protos/databricks.proto).
    enum Code: String, Sendable {
        case badRequest = "BAD_REQUEST"
        case endpointNotFound = "ENDPOINT_NOT_FOUND"
        case internalError = "INTERNAL_ERROR"
        case invalidParameterValue = "INVALID_PARAMETER_VALUE"
        case invalidState = "INVALID_STATE"
        case notImplemented = "NOT_IMPLEMENTED"
        case permissionDenied = "PERMISSION_DENIED"
        case resourceAlreadyExists = "RESOURCE_ALREADY_EXISTS"
        case resourceConflict = "RESOURCE_CONFLICT"
        case resourceDoesNotExist = "RESOURCE_DOES_NOT_EXIST"
        case resourceExhausted = "RESOURCE_EXHAUSTED"
        case temporarilyUnavailable = "TEMPORARILY_UNAVAILABLE"
        case unauthenticated = "UNAUTHENTICATED"

        /// The status that MLflow's server gives the code (mlflow/exceptions.py, ERROR_CODE_TO_HTTP_STATUS).
        var status: Int {
            switch self {
            case .badRequest, .invalidParameterValue, .resourceAlreadyExists: 400
            case .unauthenticated: 401
            case .permissionDenied: 403
            case .endpointNotFound, .resourceDoesNotExist: 404
            case .resourceConflict: 409
            case .resourceExhausted: 429
            case .internalError, .invalidState: 500
            case .notImplemented: 501
            case .temporarilyUnavailable: 503
            }
        }
    }

    let code: Code
    /// One line.
    let message: String
    private static let longestMessage = 6144
    /// The reply's status, if it differs from the code's.
    var otherStatus: Int?
    /// Seconds after which to try again.
    var retryAfter: Int?

    init(_ code: Code, _ message: String, status: Int? = nil, retryAfter: Int? = nil) {
        // Cut, so that a reply does not return everything that was sent.
        (self.code, self.message) = (code, message.shown(atMost: Self.longestMessage))
        (otherStatus, self.retryAfter) = (status, retryAfter)
    }

    var status: Int { otherStatus ?? code.status }

    var response: HTTPResponse {
        let body: JSONObject = ["error_code": .string(code.rawValue), "message": .string(message)]
        var headers: [(name: String, value: String)] = []
        if let retryAfter { headers.append(("Retry-After", "\(retryAfter)")) }
        return HTTPResponse(
            status: status, type: "application/json", body: JSONWriter.compact(.object(body)), headers: headers)
    }
}

extension MLflowError {
    static func invalid(_ message: String) -> MLflowError { MLflowError(.invalidParameterValue, message) }

    static func missing(_ parameter: String) -> MLflowError {
        .invalid("Missing value for required parameter '\(parameter)'.")
    }

    static func unknownRun(_ run: String) -> MLflowError {
        MLflowError(.resourceDoesNotExist, "Run with id=\(run.shown(atMost: 200)) not found")
    }

    static func unknownExperiment(_ id: String) -> MLflowError {
        MLflowError(.resourceDoesNotExist, "No Experiment with id=\(id.shown(atMost: 200)) exists")
    }

    static func unknownPath(_ path: [UInt8]) -> MLflowError {
        MLflowError(
            .endpointNotFound, "Rundir has no endpoint \(String(decoding: path, as: UTF8.self).shown(atMost: 200))")
    }
}
