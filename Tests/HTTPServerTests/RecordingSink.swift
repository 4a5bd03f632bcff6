import HTTPServer
import Synchronization

/// A sink that keeps what it gets and counts its calls.
final class RecordingSink: BodySink {
    /// What has happened so far.
    struct Record: Sendable {
        var body: [UInt8] = []
        var parts = 0
        var partsInFlight = 0
        var mostPartsInFlight = 0
        var finished = 0
        var cancelled = 0
        var failure: (any Error)?
    }

    struct Refusal: Error {}

    private let state = Mutex(Record())
    private let onReceive: @Sendable (Int) throws -> Void

    /// - Parameter onReceive: called with the number of each part, from 1, before the part counts as taken
    init(onReceive: @escaping @Sendable (Int) throws -> Void = { _ in }) {
        self.onReceive = onReceive
    }

    var record: Record { state.withLock { $0 } }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        let number = state.withLock { record in
            record.parts += 1
            record.partsInFlight += 1
            record.mostPartsInFlight = max(record.mostPartsInFlight, record.partsInFlight)
            return record.parts
        }
        defer { state.withLock { $0.partsInFlight -= 1 } }
        try onReceive(number)
        state.withLock { $0.body += part }
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        let size = state.withLock { record in
            record.finished += 1
            record.failure = failure
            return record.body.count
        }
        exchange.respond(failure == nil ? .text(201, "\(size)") : .text(422, "refused by the sink"))
    }

    func cancel() { state.withLock { $0.cancelled += 1 } }
}
