import Glibc
import Limits
import RunMetadata
import RunStore

extension Error {
    /// What went wrong, for the user of the command.
    var reason: String {
        switch self {
        case let fault as MetadataFault: fault.detail
        case let error as StoreError: error.reason
        default: "\(self)"
        }
    }
}

extension StoreError {
    fileprivate var reason: String {
        switch self {
        case .refused(let fault): fault.detail
        case .unreachable(let text), .objectsUnreachable(let text), .diskFull(let text), .shortage(let text),
            .failed(let text),
            .outOfReach(let text), .unreadable(let text), .tooLarge(let text), .readOnly(let text), .runsGone(let text):
            text
        case .objectMissing(let name): "the content of a large file is gone from where it is kept: \(name)"
        case .unknownRun: "there is no such run"
        case .beingWritten(let path): "\(path) is cut short: something else is writing it, or was ended while it did"
        default: "\(self)"
        }
    }
}

extension Process {
    /// Writes a line that has no effect on a terminal to standard error.
    static func say(_ text: String) {
        let line = Array("\(text.shown(atMost: 4096))\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
