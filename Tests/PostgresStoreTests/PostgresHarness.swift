import Glibc
import LocalFiles
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport

/// A store in a database of its own, and a folder where files are staged for it.
final class PostgresHarness: StoreHarness {
    let address: String
    /// The database's name.
    let database: String
    let server: PostgresServer
    let scratch: Scratch
    let clock = TestClock()
    private let folder = TemporaryFolder()
    private var settings: PostgresSettings
    private var opened: PostgresRunStore

    var store: any RunStore { opened }
    var postgres: PostgresRunStore { opened }

    /// A database of the shared server that a store has been opened on.
    private static let template = Result {
        let server = try PostgresServer.shared.get()
        let name = try server.makeDatabase()
        try PostgresRunStore(at: server.address(of: name), settings: .tests).close()
        return name
    }

    /// - Parameters:
    ///   - server: nil: the one that tests share
    ///   - folders: where sockets are by which it is reached; nil: its own
    ///   - change: of the settings
    init(
        on server: PostgresServer? = nil, at folders: [String]? = nil,
        _ change: (inout PostgresSettings) -> Void = { _ in }
    ) throws {
        let uploads = "\(folder.path)/uploads"
        mkdir(uploads, 0o755)
        scratch = Scratch(folder: folder.path, uploads: uploads)
        self.server = try server ?? PostgresServer.shared.get()
        // With its tables, which takes less time than to make them.
        let template = server == nil ? try Self.template.get() : "template0"
        database = try self.server.makeDatabase(like: template)
        address = PostgresServer.address(of: database, in: folders ?? [self.server.path])
        var settings = PostgresSettings.tests
        settings.clock = { [clock] in clock.seconds }
        change(&settings)
        self.settings = settings
        opened = try PostgresRunStore(at: address, settings: settings)
    }

    deinit { opened.close() }

    func close() { opened.close() }

    func reopen() throws {
        close()
        opened = try PostgresRunStore(at: address, settings: settings)
    }

    func reopen(_ rules: RunRules) throws {
        settings.rules = rules
        try reopen()
    }

    /// Another server on the same database.
    func another() throws -> PostgresRunStore { try PostgresRunStore(at: address, settings: settings) }

    /// Runs SQL on the store's tables.
    @discardableResult
    func sql(_ text: String) throws -> String {
        try server.sql("SET search_path = rundir; \(text)", in: database)
    }

    /// Changes a setting for sessions on the database, and opens the store again.
    func set(_ name: String, to value: String) throws {
        try server.sql("ALTER DATABASE \(database) SET \(name) = \(value)")
        try reopen()
    }

    /// The numbers of a run's rows `{"n":1}` and so on, in order.
    func numbers(of run: RunID = .one) throws -> [Int] {
        (try store.text(.metricsRows, of: run) ?? "").split(separator: "\n").compactMap {
            Int($0.dropFirst(5).prefix { $0.isNumber })
        }
    }

    /// What the database counts wrongly, a line each: bytes of runs, all runs and bytes, columns of rows.
    func miscounted() throws -> String {
        try sql(
            """
            SELECT 'bytes of ' || run FROM runs r
            WHERE bytes <> (SELECT coalesce(sum(size), 0) FROM files f WHERE f.run = r.run);
            SELECT 'totals' FROM (SELECT coalesce(sum(runs), 0) AS runs, coalesce(sum(bytes), 0) AS bytes FROM totals) t,
                (SELECT count(*) FILTER (WHERE place <> 3) AS runs, coalesce(sum(bytes), 0) AS bytes FROM runs) r
            WHERE t.runs <> r.runs OR t.bytes <> r.bytes;
            WITH texts AS (
                SELECT f.run, f.content, convert_from(string_agg(p.bytes, '' ORDER BY p.position), 'UTF8') AS text
                FROM files f JOIN pieces p ON p.run = f.run AND p.content = f.content
                WHERE f.path = 'tfruns.d/metrics.ndjson' GROUP BY 1, 2),
            of_rows AS (
                SELECT DISTINCT run, content, name FROM texts, regexp_split_to_table(text, '\n') line,
                    json_object_keys(line::json) name
                WHERE line <> '' AND name <> '_time'),
            known AS (
                SELECT run, content, name FROM row_columns, json_object_keys(convert_from(names, 'UTF8')::json) name
                WHERE name <> '_time')
            SELECT 'columns of ' || coalesce(o.run, k.run) || ': ' || coalesce(o.name, k.name)
            FROM of_rows o FULL JOIN known k USING (run, content, name) WHERE o IS NULL OR k IS NULL
            """)
    }

    /// Makes transactions fail at their end, where a condition in SQL holds; `nextval('failures')` numbers them.
    /// - Parameters:
    ///   - state: the five characters of SQLSTATE
    ///   - isDeferred: whether they fail in the commit itself
    func failing(_ condition: String, _ state: String, isDeferred: Bool = false) throws {
        try sql(
            """
            CREATE SEQUENCE failures;
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF \(condition) THEN RAISE EXCEPTION 'as the test wants' USING ERRCODE = '\(state)'; END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER failure AFTER INSERT ON batches DEFERRABLE
            INITIALLY \(isDeferred ? "DEFERRED" : "IMMEDIATE") FOR EACH ROW EXECUTE FUNCTION fail()
            """)
    }

    func archive(_ run: RunID) throws { try store.write(.run(run), .archive) }
}

extension PostgresSettings {
    /// On a database that does not sync.
    static var tests: PostgresSettings {
        var settings = PostgresSettings()
        settings.needsSync = false
        return settings
    }
}
