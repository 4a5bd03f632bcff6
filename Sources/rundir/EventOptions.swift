import ArgumentParser
import Limits
import RunAPI

/// Settings of the streams of events.
struct EventOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Event readers at once, 1 to 60000. [env: RUNDIR_MAX_EVENT_READERS]", valueName: "count")
    )
    var maxEventReaders = Environment.number("RUNDIR_MAX_EVENT_READERS") ?? EventHub.Limits().readers.most

    @Option(
        help: ArgumentHelp(
            "Bytes of events that may wait for one reader, 16384 to 1073741824; beyond that, the reader is cut off. "
                + "[env: RUNDIR_MAX_EVENT_BACKLOG]", valueName: "bytes"))
    var maxEventBacklog = Environment.number("RUNDIR_MAX_EVENT_BACKLOG") ?? EventHub.Limits().backlog

    func validate() throws {
        try OptionRange.check("max-event-readers", maxEventReaders, 1...60_000)
        try OptionRange.check("max-event-backlog", maxEventBacklog, 16_384...1 << 30)
    }

    var limits: EventHub.Limits {
        var limits = EventHub.Limits()
        limits.readers = Limit(.readers, most: maxEventReaders, setting: "--max-event-readers")
        limits.backlog = maxEventBacklog
        return limits
    }
}
