import DirectoryStore
import JSON
import Logging
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Conditions and orders find the same runs in the same order as in the store of directories.
@Suite struct GeneratedQueriesTests {
    @Test func generatedQueriesFindTheSameRunsInTheSameOrder() throws {
        let harness = try PostgresHarness()
        let folder = TemporaryFolder()
        var settings = StoreSettings()
        settings.indexWait = 60
        settings.clock = { [clock = harness.clock] in clock.seconds }
        let directories = try DirectoryRunStore(
            runs: "\(folder.path)/runs", settings: settings,
            log: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        defer { directories.close() }
        var generator = Generator(seed: 7)
        for number in 0..<60 {
            for write in try generator.run(number) {
                for store in [harness.store, directories as any RunStore] {
                    _ = try store.writeTogether([write])[0].get()
                }
            }
        }
        for _ in 0..<100 {
            let query = try generator.query()
            let found = try [harness.store, directories as any RunStore].map { try Self.answer($0, query) }
            #expect(found[0] == found[1], "\(query.predicate?.text ?? "all") by \(query.order)")
        }
    }

    /// The pages of a query, one after the other: runs, columns and counts.
    private static func answer(_ store: any RunStore, _ query: RunQuery) throws -> [String] {
        var query = query
        var lines: [String] = []
        while lines.count < 200 {
            let page = try store.runs(query)
            lines.append("of \(page.count)")
            for run in page.runs {
                let columns = run.columns.members.filter { $0.name != "updated" }.map { "\($0.name)=\($0.value)" }
                lines.append("\(run.run) \(run.status) \(columns)")
            }
            guard let next = page.next else { break }
            query.cursor = try RunCursor(next.text, order: query.order)
        }
        return lines
    }
}

/// Runs whose columns have values of all kinds, and queries on them.
private struct Generator {
    private var numbers: SeededNumbers
    private static let columns = ["flag_a", "flag_b", "eval_c", "metric_m", "min_m", "note", "other", "end", "start"]

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &numbers)]
    }

    private static let values = [
        "1", "2", "0", "-1", "0.10", "1e3", "true", "false", #""x""#, #""1""#, #""1.0""#, #""TRUE""#, #""é""#,
        #""NaN""#,
        #""""#, #""xy""#, "null", "[1,2]", #"{"n":1}"#, #""a\u0000b""#, "123456789012345678", "1e400",
    ]

    /// The writes of a run.
    mutating func run(_ number: Int) throws -> [RunWrite] {
        let run = RunTarget.run(RunID("r\(number)")!)
        var flags: [String] = []
        for name in ["a", "b"] where Bool.random(using: &numbers) { flags.append("\"\(name)\":\(pick(Self.values))") }
        var properties: [(PropertyName, String)] = [(.start, pick(["1", "2.5", "3", "NaN", "soon", "17955"]))]
        for name in ["note", "other"] where Bool.random(using: &numbers) {
            properties.append((PropertyName(name)!, pick(["1", "x", "TRUE", "two words", "-0", "0x1", " 1"])))
        }
        var writes = [
            RunWrite(
                run,
                .initialise(
                    session: .default, .make(flags: "{\(flags.joined(separator: ","))}", properties: properties)))
        ]
        for _ in 0..<Int.random(in: 0...3, using: &numbers) {
            let value = pick(["1", "-2", "0.5", #""NaN""#, #""Inf""#, "null", "7"])
            writes.append(
                RunWrite(
                    run,
                    .change([.rows(try .make(["{\"step\":\(Int.random(in: 0...4, using: &numbers)),\"m\":\(value)}"]))])
                ))
        }
        if Bool.random(using: &numbers) {
            let value = pick(["0.9", "0.5", "1"])
            writes.append(RunWrite(run, .change([.put(.evaluation, Array("{\"c\":\(value)}".utf8))])))
        }
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0: writes.append(RunWrite(run, .complete(RunEnd())))
        case 1:
            writes.append(
                RunWrite(run, .change([.put(.error, Array(#"{"message":"no"}"#.utf8)), .end(completed: false)])))
        case 2: writes.append(RunWrite(run, .archive))
        default: break
        }
        return writes
    }

    mutating func query() throws -> RunQuery {
        var query = RunQuery()
        query.archived = pick(RunQuery.Archived.allCases)
        query.limit = pick([3, 20, 50])
        if Bool.random(using: &numbers) { query.predicate = try RunPredicate(condition(depth: 3)) }
        if Bool.random(using: &numbers) {
            let keys = (0...Int.random(in: 0...1, using: &numbers)).map { _ in
                pick(["", "-"]) + pick(Self.columns + ["status", "run"])
            }
            query.order = try RunOrder(keys.joined(separator: ","))
        }
        return query
    }

    private static let literals = [
        "1", "0", "-1", "0.5", "'x'", "'1'", "'TRUE'", "TRUE", "FALSE", "NA", "NaN", "Inf", "'é'", "''",
    ]

    private mutating func operand(depth: Int) -> String {
        if depth > 0, Int.random(in: 0..<5, using: &numbers) == 0 { return "(\(condition(depth: depth - 1)))" }
        return pick(Self.columns + ["status", "completed", "run"])
    }

    private mutating func condition(depth: Int) -> String {
        if depth > 0 {
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: return "\(condition(depth: depth - 1)) & \(condition(depth: depth - 1))"
            case 1: return "(\(condition(depth: depth - 1)) | \(condition(depth: depth - 1)))"
            case 2: return "!(\(condition(depth: depth - 1)))"
            default: break
            }
        }
        // Times are compared with times.
        var column = operand(depth: depth)
        if ["start", "end"].contains(column) { column = "flag_a" }
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0: return "is.na(\(column))"
        case 1: return "\(column) %in% c(\(pick(Self.literals)), \(pick(Self.literals)), \(pick(Self.literals)))"
        case 2: return "grepl('\(pick(["^x", "1", "[A-Z]+", "é", "NaN", "^$"]))', \(column))"
        case 3: return "startsWith(\(column), '\(pick(["x", "1", "T", "", "é"]))')"
        case 4: return "endsWith(\(column), '\(pick(["y", "0", "E", "", "é"]))')"
        case 5:
            var other = operand(depth: depth)
            if ["start", "end"].contains(other) { other = "flag_b" }
            return "\(column) \(pick(["<", "<=", ">", ">=", "==", "!="])) \(other)"
        default: return "\(column) \(pick(["<", "<=", ">", ">=", "==", "!="])) \(pick(Self.literals))"
        }
    }
}
