internal import JSON
package import RunMetadata
package import RunStore
internal import Synchronization
internal import TestSupport

/// No reply came before the deadline.
package struct NoReply: Error {
    package init() {}
}

/// The replies of writes, as they come.
package final class Replies: Sendable {
    private let replies: Mutex<[Result<WriteOutcome, StoreError>?]>

    package init(count: Int) { replies = Mutex(Array(repeating: nil, count: count)) }

    package func set(_ index: Int, _ reply: Result<WriteOutcome, StoreError>) { replies.withLock { $0[index] = reply } }

    /// The replies, once all are there.
    package var all: [Result<WriteOutcome, StoreError>]? {
        replies.withLock { replies in replies.contains { $0 == nil } ? nil : replies.compactMap(\.self) }
    }
}

extension RunStore {
    /// Asks for writes, commits them together, returns the replies.
    package func writeTogether(_ writes: [RunWrite]) throws -> [Result<WriteOutcome, StoreError>] {
        let replies = Replies(count: writes.count)
        for (index, write) in writes.enumerated() { submit(write) { replies.set(index, $0) } }
        let areThere = eventually {
            (self as? any GroupCommit)?.commit()
            return replies.all != nil
        }
        guard areThere, let all = replies.all else { throw NoReply() }
        return all
    }

    /// Why a write is refused; nil where it is not.
    package func refusal(of write: RunWrite) throws -> StoreError? { try writeTogether([write])[0].refusal }

    @discardableResult
    package func write(_ target: RunTarget, _ action: RunWrite.Action) throws -> WriteOutcome {
        try writeTogether([RunWrite(target, action)])[0].get()
    }

    @discardableResult
    package func change(_ run: RunID, _ changes: DataChange...) throws -> WriteOutcome {
        try write(.run(run), .change(changes))
    }

    @discardableResult
    package func rows(_ run: RunID, _ rows: String...) throws -> WriteOutcome {
        try write(.run(run), .change([.rows(.make(rows))]))
    }

    @discardableResult
    package func output(_ run: RunID, _ text: String) throws -> WriteOutcome {
        try change(run, .append(.output, head: [], Array(text.utf8)))
    }

    @discardableResult
    package func initialise(
        _ run: RunID, flags: String? = nil, properties: [(PropertyName, String)] = [], session: SessionName = .default
    ) throws -> WriteOutcome {
        try write(.run(run), .initialise(session: session, .make(flags: flags, properties: properties)))
    }

    @discardableResult
    package func complete(_ run: RunID) throws -> WriteOutcome { try write(.run(run), .complete(RunEnd())) }

    /// Merges a patch and returns the document.
    @discardableResult
    package func patch(_ run: RunID, _ document: PatchedDocument, _ patch: String) throws -> String {
        let object = try JSONValue.parse(patch).object ?? JSONObject()
        let outcome = try write(
            .run(run),
            .patch(document, JSONObjectPatch(object) { NamedListFiles(file: JSONWriter.compact(.object($0))) }))
        return String(decoding: outcome.document, as: UTF8.self)
    }

    /// A file's text; nil where there is none.
    package func text(_ path: DataPath, of run: RunID) throws -> String? {
        try file(path, of: run).map { String(decoding: try $0.read(), as: UTF8.self) }
    }

    /// `metrics.json`, compact.
    package func frame(of run: RunID) throws -> String? {
        try text(.metricsFrame, of: run).map {
            String(decoding: JSONWriter.compact(try JSONValue.parse($0)), as: UTF8.self)
        }
    }

    package func property(_ name: PropertyName, of run: RunID) throws -> String? {
        try properties(of: run)?.first { $0.name == name.description }?.text
    }

    /// The runs' ids as they are listed.
    package func listed(
        where predicate: String? = nil, order: String? = nil, descending: Bool = false, limit: Int = 100,
        offset: Int = 0, archived: RunQuery.Archived = .without
    ) throws -> [String] {
        var query = RunQuery()
        query.predicate = try predicate.map { text throws in try RunPredicate(text) }
        if let order { query.order = try RunOrder(order, descending: descending) }
        (query.limit, query.offset, query.archived) = (limit, offset, archived)
        return try runs(query).runs.map(\.run.description)
    }

    /// The runs' ids, page by page.
    /// - Parameter between: called between two pages with what has been seen
    package func listedByPage(order: String? = nil, limit: Int, between: ([String]) throws -> Void = { _ in }) throws
        -> [String]
    {
        var query = RunQuery()
        query.limit = limit
        if let order { query.order = try RunOrder(order) }
        var seen: [String] = []
        while seen.count < 100 {
            let page = try runs(query)
            seen += page.runs.map(\.run.description)
            guard let next = page.next else { return seen }
            // As it comes back from a client.
            query.cursor = try RunCursor(next.text, order: query.order)
            try between(seen)
        }
        return seen
    }

    /// How many runs are initialised, and not archived.
    package func initialisedCount() throws -> Int {
        try runCounts().filter { $0.key != .pending && $0.key != .archived }.reduce(0) { $0 + $1.value }
    }
}

extension MetricsRows {
    /// Rows of JSON objects.
    package static func make(_ rows: [String]) throws -> MetricsRows {
        var made = MetricsRows()
        for row in rows {
            try JSONParser().withTokens(of: Array(row.utf8), nonFinite: .allowed) {
                try made.append(objectAt: 0, of: $0)
            }
        }
        return made
    }
}

extension RunStart {
    package static func make(flags: String? = nil, properties: [(PropertyName, String)] = []) -> RunStart {
        var start = RunStart()
        start.flags = flags.map { NamedListFiles(file: Array($0.utf8)) }
        start.properties = properties.map { (name: $0.0, file: PropertyText.file($0.1)) }
        return start
    }
}

extension DataChange {
    /// Writes a file of text.
    package static func put(_ path: DataPath, _ text: String) -> DataChange { .put(path, Array(text.utf8)) }

    /// Writes a property.
    /// A whole frame, whatever is there.
    package static func frame(_ text: [UInt8]) -> DataChange { .frame(MetricsReplacement(text: text, rowCount: 0)) }

    package static func property(_ name: PropertyName, _ text: String) -> DataChange {
        .put(.property(name), PropertyText.file(text))
    }
}

extension RunID {
    package static let one = RunID("one")!
    package static let two = RunID("two")!
    package static let three = RunID("three")!
}

extension SessionName {
    package static let other = SessionName("other")!
}

extension PropertyName {
    package static let note = PropertyName("note")!
}

extension Result where Success == WriteOutcome, Failure == StoreError {
    /// What went wrong; nil where nothing did.
    package var refusal: StoreError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension JSONObjectPatch {
    /// A patch of JSON text, whose result is written compact.
    package static func make(_ patch: String) -> JSONObjectPatch {
        JSONObjectPatch((try? JSONValue.parse(patch).object) ?? JSONObject()) {
            NamedListFiles(file: JSONWriter.compact(.object($0)))
        }
    }
}
