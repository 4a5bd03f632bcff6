internal import JSON
internal import Synchronization

/// A pool of parsers, which keep their buffers.
final class ParserPool: @unchecked Sendable {
    // Sendable: a parser is either in `idle`, under the mutex, or owned by the caller that took it.
    private struct Idle: @unchecked Sendable {
        // Sendable: as above.
        var parsers: [JSONParser] = []
    }

    private let idle = Mutex(Idle())

    func withParser<Result>(_ body: (JSONParser) throws -> Result) rethrows -> Result {
        let parser = idle.withLock { $0.parsers.popLast() } ?? JSONParser()
        defer { idle.withLock { $0.parsers.append(parser) } }
        return try body(parser)
    }
}
