import Limits
import Logging

/// Writes to standard error, each message as one line of bounded length that has no effect on a terminal: it may
/// contain untrusted paths, names and methods.
struct PlainLog: LogHandler {
    /// The most bytes of a message, and of a metadata value.
    private static let longestMessage = 3072
    private static let longestValue = 256

    private var handler: any LogHandler

    /// - Parameter handler: writes the lines
    init(_ handler: any LogHandler) { self.handler = handler }

    /// Makes this the log handler of the process. To be called once.
    static func start(level: Logger.Level) {
        LoggingSystem.bootstrap { label in
            var log = PlainLog(StreamLogHandler.standardError(label: label))
            log.logLevel = level
            return log
        }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(event.message.description.shown(atMost: Self.longestMessage))"
        event.metadata = event.metadata?.mapValues(Self.plain)
        if let error = event.error {
            event.error = nil
            event.metadata = (event.metadata ?? [:]).merging(["error": Self.plain("\(error)")]) { own, _ in own }
        }
        handler.log(event: event)
    }

    private static func plain(_ value: Logger.MetadataValue) -> Logger.MetadataValue {
        .string("\(value)".shown(atMost: longestValue))
    }

    // MARK: Forwarded to the other handler

    var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue.mapValues(Self.plain) }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { handler.metadataProvider }
        set { handler.metadataProvider = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue.map(Self.plain) }
    }
}
