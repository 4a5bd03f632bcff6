/// MLflow's status of a run (mlflow/protos/service.proto, RunStatus).
enum MLflowStatus: String, CaseIterable, Sendable {
    case running = "RUNNING"
    /// In MLflow, a run that waits for a machine. In Rundir, it is running.
    case scheduled = "SCHEDULED"
    case finished = "FINISHED"
    case failed = "FAILED"
    /// A run that was stopped.
    case killed = "KILLED"

    /// A status as clients send it and as file stores hold it: its name, or its number in the protocol.
    init?(sent text: String) {
        let numbers: [MLflowStatus] = [.running, .scheduled, .finished, .failed, .killed]
        if let number = Int(text), (1...5).contains(number) {
            self = numbers[number - 1]
        } else {
            self.init(rawValue: text.uppercased())
        }
    }

    /// Whether the run has ended.
    var isEnd: Bool { self != .running && self != .scheduled }

    /// The condition for runs with this status, in the syntax of a query; nil if no run can have it.
    var condition: String? {
        switch self {
        case .running: "(is.na(error_message) & is.na(end))"
        case .scheduled: nil
        case .finished: "(is.na(error_message) & !is.na(end) & completed == TRUE)"
        case .failed: "(!is.na(error_message))"
        case .killed: "(is.na(error_message) & !is.na(end) & !(completed %in% TRUE))"
        }
    }
}
