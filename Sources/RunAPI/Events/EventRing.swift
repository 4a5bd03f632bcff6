internal import DequeModule
internal import RunMetadata
internal import RunStore

/// The latest events, numbered: what a reader that comes back has missed.
///
/// An id is the ring's epoch and a number. Numbers mean something within one epoch only: the server was started, or began
/// to keep events again, after another one ended.
struct EventRing: Sendable {
    struct Event: Sendable {
        let number: UInt64
        let run: RunID
        let text: [UInt8]
    }

    /// Bytes that are kept, about.
    private let limit: Int
    private let epoch: String
    private var events: Deque<Event> = []
    private var bytes = 0
    /// The number of the last event.
    private(set) var last: UInt64 = 0

    init(epoch: String, limit: Int = 4 << 20) {
        self.epoch = epoch
        self.limit = limit
    }

    /// The id of an event.
    func id(_ number: UInt64) -> String { "\(epoch)-\(number)" }

    /// Adds an event whose text is made with its id.
    mutating func append(_ run: RunID, _ text: (String) -> [UInt8]) -> Event {
        last += 1
        let event = Event(number: last, run: run, text: text(id(last)))
        events.append(event)
        bytes += event.text.count
        while bytes > limit, let first = events.popFirst() { bytes -= first.text.count }
        return event
    }

    /// The events of one run, or all, that came after the one with this id; nil where that cannot be told any more.
    func events(after id: String, of run: RunID?) -> [Event]? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == epoch, let number = UInt64(parts[1]), number <= last else { return nil }
        let firstKept = events.first?.number ?? last + 1
        guard number + 1 >= firstKept else { return nil }
        return events.filter { $0.number > number && (run == nil || $0.run == run) }
    }
}
