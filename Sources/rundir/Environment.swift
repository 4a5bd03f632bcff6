import ArgumentParser
import Glibc

/// Settings in environment variables (getenv(3)).
enum Environment {
    /// Variables that have to be numbers.
    private static let numbers = [
        "RUNDIR_PORT", "RUNDIR_MAX_BODY", "RUNDIR_MAX_BODY_MEMORY", "RUNDIR_MAX_UPLOAD", "RUNDIR_READ_TIMEOUT",
        "RUNDIR_STALE_AFTER",
        "RUNDIR_MAX_CONNECTIONS", "RUNDIR_WORKERS", "RUNDIR_WRITER_JOBS", "RUNDIR_JOURNAL_SIZE",
        "RUNDIR_MAX_ENTRIES", "RUNDIR_IMPORT_MAX_BYTES", "RUNDIR_IMPORT_MAX_ENTRIES",
        "RUNDIR_MAX_REQUESTS_PER_TOKEN", "RUNDIR_MAX_REQUESTS_PER_ADDRESS", "RUNDIR_MAX_CONNECTIONS_PER_ADDRESS",
        "RUNDIR_AUDIT_SIZE", "RUNDIR_AUDIT_KEEP", "RUNDIR_MAX_NAMES", "RUNDIR_MAX_COLUMNS", "RUNDIR_MAX_RUNS",
        "RUNDIR_MAX_RUN_BYTES", "RUNDIR_MAX_TOTAL_BYTES", "RUNDIR_MAX_PENDING", "RUNDIR_MAX_PENDING_PER_TOKEN",
        "RUNDIR_KEEP_PENDING", "RUNDIR_MAX_EVENT_READERS", "RUNDIR_MAX_EVENT_BACKLOG", "RUNDIR_MAX_PARTIAL_UPLOADS",
        "RUNDIR_MAX_PARTIAL_BYTES", "RUNDIR_KEEP_PARTIAL_UPLOADS",
    ]
    /// Variables that have to be true or false.
    private static let flags = [
        "RUNDIR_NO_AUTH", "RUNDIR_PUBLIC_READ", "RUNDIR_TLS_SELF_SIGNED", "RUNDIR_CUSTOM_FOLDERS",
        "RUNDIR_UNSYNCED_STORE",
    ]

    static func text(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    static func flag(_ name: String) -> Bool { text(name) == "true" }

    static func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    static func list(_ name: String, separator: Character = ":") -> [String] {
        (text(name) ?? "").split(separator: separator).map(String.init)
    }

    /// Refuses a malformed variable, rather than ignoring it.
    static func check() throws {
        for name in numbers {
            if let text = text(name), Int(text) == nil {
                throw ValidationError("the environment variable \(name) is \"\(text)\"; it has to be a whole number")
            }
        }
        for name in flags {
            if let text = text(name), text != "true", text != "false" {
                throw ValidationError("the environment variable \(name) is \"\(text)\"; it has to be true or false")
            }
        }
        if let text = text("RUNDIR_LOG_LEVEL"), LogLevel(rawValue: text) == nil {
            let levels = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError(
                "the environment variable RUNDIR_LOG_LEVEL is \"\(text)\"; it has to be one of \(levels)")
        }
    }
}
