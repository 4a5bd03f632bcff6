internal import JSON
internal import Synchronization

/// Parsers that keep their buffers, for whoever needs one just now.
final class ParserPool: @unchecked Sendable {
    // Sendable: a parser is in `idle`, under the mutex, or in the hands of the one that took it.
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
