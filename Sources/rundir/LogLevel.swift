import ArgumentParser
import Logging

/// The log level.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    /// The logging library's name for it.
    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}
