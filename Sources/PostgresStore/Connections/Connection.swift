internal import CPostgreSQL
internal import Glibc
internal import Threads

/// A connection to the database, used by one thread at a time. Statements are sent in pipelines: several at once, with
/// one wait for all (libpq's chapter "Pipeline Mode").
final class Connection: @unchecked Sendable {
    // Sendable: whoever takes it from the pool, or owns it, is its only user.

    private let connection: OpaquePointer
    /// How many warnings the database has sent.
    private let warnings = UnsafeMutablePointer<CInt>.allocate(capacity: 1)
    /// The names of prepared statements by their SQL.
    private var prepared: [String: String] = [:]
    private var made = 0
    /// Seconds without an answer after which the connection counts as lost.
    var patience: Double

    /// Connects (PQconnectdb) in libpq's own ways: a URI or keywords, `PGPASSWORD`, `~/.pgpass`, `PGSSLMODE`, a service
    /// file.
    /// - Throws: if the database cannot be reached or refuses
    init(_ address: String, patience: Double) throws(DatabaseError) {
        self.patience = patience
        warnings.initialize(to: 0)
        if let fault = cpostgresql_load() {
            throw DatabaseError(state: "", message: String(cString: fault), isLost: true)
        }
        let keywords = ["dbname", "connect_timeout", "application_name", "client_encoding", "tcp_user_timeout"]
        let values = [
            address, "\(max(2, Int(patience)))", "rundir", "UTF8", "\(Int(patience * 1000))",
        ]
        let opened = Self.withTexts(keywords) { keywords in
            Self.withTexts(values) { values in PQconnectdbParams(keywords, values, 1) }
        }
        // Released in `deinit`. Nil only if memory ran out.
        guard let opened else { throw DatabaseError(state: "", message: "out of memory", isLost: true) }
        connection = opened
        guard PQstatus(opened) == CONNECTION_OK else {
            throw DatabaseError(state: "", message: Self.message(of: opened), isLost: true)
        }
        cpostgresql_count_warnings(opened, warnings)
        PQsetnonblocking(opened, 1)
        PQenterPipelineMode(opened)
    }

    deinit {
        PQfinish(connection)
        warnings.deallocate()
    }

    private static func message(of connection: OpaquePointer) -> String { line(PQerrorMessage(connection)) }

    /// A message of libpq as one line; its lines are indented by tabs.
    private static func line(_ text: UnsafePointer<CChar>) -> String {
        String(cString: text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Passes texts to `body` as a list of C strings that ends with NULL.
    private static func withTexts<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let list = copies.map { UnsafePointer($0) } + [nil]
        return list.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// The database and its host (PQdb, PQhost).
    var place: String { "\(String(cString: PQdb(connection))) at \(String(cString: PQhost(connection)))" }

    var isLost: Bool { PQstatus(connection) != CONNECTION_OK }

    /// The socket, to wait for notifications.
    var socket: CInt { PQsocket(connection) }

    /// Reads what has arrived.
    /// - Returns: whether there was a notification (PQnotifies)
    func takeNotifications() throws(DatabaseError) -> Bool {
        guard PQconsumeInput(connection) != 0 else { throw lost() }
        var found = false
        while let notification = PQnotifies(connection) {
            PQfreemem(notification)
            found = true
        }
        return found
    }

    private func lost() -> DatabaseError {
        DatabaseError(state: "", message: Self.message(of: connection), isLost: true)
    }

    // MARK: Statements

    @discardableResult
    func run(_ statement: Statement) throws(DatabaseError) -> Rows { try run([statement])[0] }

    /// Sends statements together, and waits for all results. After a failure, the rest is not executed; an open
    /// transaction has to be rolled back.
    /// - Returns: the rows of each statement
    /// - Throws: the first failure
    @discardableResult
    func run(_ statements: [Statement]) throws(DatabaseError) -> [Rows] {
        var expected: [Expected] = []
        for statement in statements { try send(statement, &expected) }
        guard PQpipelineSync(connection) == 1 else { throw lost() }
        try flush()
        var rows: [Rows] = []
        var failure: DatabaseError?
        for item in expected {
            let found = try nextResult()
            switch PQresultStatus(found.pointer) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if case .preparation(let sql, let name) = item { prepared[sql] = name } else { rows.append(found.rows) }
            case PGRES_PIPELINE_ABORTED: break
            default: failure = failure ?? Self.error(of: found.pointer, isLost: isLost)
            }
            if isLost || failure?.isLost ?? false {
                isAbandoned = true
                throw failure ?? lost()
            }
            // Each statement's results end with NULL.
            while let more = try result() { PQclear(more) }
        }
        // The pipeline's end.
        if let end = try result() { PQclear(end) }
        if let failure { throw failure }
        return rows
    }

    /// The same for statements that end with a commit.
    /// - Throws: also if the database warns. It does so when its wait for a synchronous standby was cancelled: the
    ///   transaction is then committed locally, and may be less durable than it should be (syncrep.c). The connection
    ///   then counts as lost.
    @discardableResult
    func commit(_ statements: [Statement]) throws(DatabaseError) -> [Rows] {
        let before = warnings.pointee
        let rows = try run(statements)
        if warnings.pointee == before { return rows }
        isAbandoned = true
        throw DatabaseError(state: "01000", message: "the database did not wait for its standby", isLost: true)
    }

    /// The kind of an expected result.
    private enum Expected {
        case preparation(sql: String, name: String)
        case statement
    }

    private func send(_ statement: Statement, _ expected: inout [Expected]) throws(DatabaseError) {
        let types = statement.parameters.map(\.type)
        let count = CInt(types.count)
        var name: String?
        if statement.isKept {
            name = prepared[statement.sql]
            for case .preparation(let sql, let fresh) in expected where sql == statement.sql { name = fresh }
            if name == nil {
                made += 1
                let fresh = "s\(made)"
                guard PQsendPrepare(connection, fresh, statement.sql, count, types) == 1 else { throw lost() }
                expected.append(.preparation(sql: statement.sql, name: fresh))
                name = fresh
            }
        }
        let sent = Self.withValues(statement.parameters) { values, lengths, formats in
            if let name { return PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) }
            return PQsendQueryParams(connection, statement.sql, count, types, values, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost() }
        expected.append(.statement)
    }

    /// Passes parameters to `body` as libpq takes them: pointers, lengths, and 1 for the binary format.
    private static func withValues<Result>(
        _ parameters: [Parameter],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> Result
    ) -> Result {
        var buffer: [UInt8] = []
        let ranges = parameters.map { parameter -> Range<Int>? in
            let start = buffer.count
            return parameter.append(to: &buffer) ? start..<buffer.count : nil
        }
        // So that an empty value has an address too.
        buffer.append(0)
        return buffer.withUnsafeBytes { bytes in
            let start = bytes.bindMemory(to: CChar.self).baseAddress!
            let values = ranges.map { range in range.map { start + $0.lowerBound } }
            let lengths = ranges.map { CInt($0?.count ?? 0) }
            return body(values, lengths, parameters.map { _ in 1 })
        }
    }

    private static func error(of result: OpaquePointer, isLost: Bool) -> DatabaseError {
        // PG_DIAG_SQLSTATE
        let state = PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
        // PG_DIAG_SEVERITY_NONLOCALIZED: after these, the server ends the connection.
        let severity = PQresultErrorField(result, CInt(UInt8(ascii: "V"))).map { String(cString: $0) } ?? ""
        return DatabaseError(
            state: state, message: line(PQresultErrorMessage(result)),
            isLost: isLost || severity == "FATAL" || severity == "PANIC")
    }

    // MARK: Waiting

    private func nextResult() throws(DatabaseError) -> (pointer: OpaquePointer, rows: Rows) {
        guard let pointer = try result() else { throw lost() }
        return (pointer, Rows(pointer))
    }

    /// The next result; nil at the end of a statement's results.
    private func result() throws(DatabaseError) -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            try wait(forWriting: false)
            guard PQconsumeInput(connection) == 1 else { throw lost() }
        }
        return PQgetResult(connection)
    }

    private func flush() throws(DatabaseError) {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                // The server's output has to be read; otherwise both sides could wait for each other.
                try wait(forWriting: true)
                guard PQconsumeInput(connection) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    private func wait(forWriting: Bool) throws(DatabaseError) {
        let end = monotonicNanoseconds() + UInt64(patience * 1e9)
        while true {
            var wanted = pollfd(fd: socket, events: Int16(POLLIN | (forWriting ? POLLOUT : 0)), revents: 0)
            let now = monotonicNanoseconds()
            let count = now >= end ? 0 : poll(&wanted, 1, CInt((end - now) / 1_000_000 + 1))
            if count > 0 { return }
            if count < 0, errno == EINTR { continue }
            isAbandoned = true
            throw DatabaseError(state: "", message: "no answer within \(patience) seconds", isLost: true)
        }
    }

    /// Whether an answer did not come in time; later answers belong to no statement.
    private(set) var isAbandoned = false
}
