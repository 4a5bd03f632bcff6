import MetadataWriters
import RunMetadata
import RunStore
import Testing

/// A body that says a long name once, where each row, or each metric below it, has the name in full: what a request
/// makes of its bytes is bounded.
@Suite struct LongNamesTests {
    private let writer = MetricsWriter()
    /// As long as a metric's name may be.
    private static let name = String(repeating: "n", count: 1000)
    private static let half = String(repeating: "n", count: 500)

    private static func list(_ item: String, _ count: Int) -> String {
        repeatElement(item, count: count).joined(separator: ",")
    }

    /// Metrics below a name.
    private static func nested(_ count: Int, below name: String, _ value: String) -> String {
        "{\"\(name)\":{" + (0..<count).map { "\"\($0)\":\(value)" }.joined(separator: ",") + "}}"
    }

    private func fault(_ body: MetadataBody) -> String? {
        do {
            _ = try writer.changes(from: body, for: WriteRequest())
            return nil
        } catch { return (error as? MetadataFault)?.detail ?? "\(error)" }
    }

    @Test func rowsHaveNoMoreThanSomeTimesTheBytesOfTheirBody() {
        let columns =
            "{\"step\":[\((0..<5000).map(String.init).joined(separator: ","))],\"\(Self.name)\":[\(Self.list("1", 5000))]}"
        let rows = "[" + Self.list(Self.nested(200, below: Self.half, "1"), 30) + "]"
        let lines = repeatElement(Self.nested(200, below: Self.half, "1"), count: 30).joined(separator: "\n")
        let csv = "step,\(Self.name)\n" + (0..<5000).map { "\($0),1\n" }.joined()
        for body in [
            MetadataBody.json(Array(columns.utf8)), .json(Array(rows.utf8)), .ndjson(Array(lines.utf8)),
            .csv(Array(csv.utf8)),
        ] {
            let detail = fault(body)
            #expect(detail?.contains("with the names of its metrics in each row") == true, "\(detail ?? "taken")")
        }
    }

    /// It could be stored, but neither read as rows nor continued.
    @Test func aFrameWhoseRowsWouldBeTooLongIsRefused() {
        let detail = fault(.json(Array("{\"\(Self.name)\":[\(Self.list("1", 200_000))]}".utf8)))
        #expect(detail?.contains("with the names of its metrics in each row") == true, "\(detail ?? "taken")")
    }

    /// Of a name that is too long, no copy is made for each of the metrics below it.
    @Test func aNameIsRefusedBeforeTheMetricsBelowItAreRead() {
        let name = String(repeating: "n", count: 1 << 20)
        for value in ["1", "[1,2]"] {
            let detail = fault(.json(Array(Self.nested(100_000, below: name, value).utf8)))
            #expect(detail?.contains("1000 at most") == true, "\(detail ?? "taken")")
        }
    }

    @Test func namesOfNestedObjectsCountAsOthers() {
        let objects = (0..<10).map { "{\"a\":" + Self.nested(1100, below: "b\($0)", "1") + "}" }
        let columns = "{\"a\":" + Self.nested(11_000, below: "b", "[1,2]") + "}"
        for body in [
            MetadataBody.json(Array(("[" + objects.joined(separator: ",") + "]").utf8)),
            .ndjson(Array(objects.joined(separator: "\n").utf8)), .json(Array(columns.utf8)),
        ] {
            let detail = fault(body)
            #expect(detail?.contains("over 10000 columns (--max-columns)") == true, "\(detail ?? "taken")")
        }
    }

    /// Many rows, and then one that has many metrics: as a frame, each row has a place for each of them.
    @Test func aFrameHasNoMoreThanSomeValuesForEachByteOfItsRows() {
        let last = "{" + (0..<3000).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
        let body = "[" + Self.list("{\"a\":1}", 4000) + "," + last + "]"
        let detail = fault(.json(Array(body.utf8)))
        #expect(detail?.contains("a place for each metric") == true, "\(detail ?? "taken")")
    }

    @Test func usualBodiesAreTaken() {
        let sparse = (0..<3000).map { "{\"step\":\($0),\"loss\":1,\"metric_of_row_\($0 % 50)\":2}" }
        let wide = (0..<20).map {
            "{\"step\":\($0),\"a\":" + Self.nested(400, below: "some_long_name_of_a_group", "0.5") + "}"
        }
        let name = String(repeating: "long_", count: 20)
        let columns =
            "{\"step\":[\((0..<20_000).map(String.init).joined(separator: ","))],\"\(name)\":[\(Self.list("1", 20_000))]}"
        for body in [
            MetadataBody.json(Array(("[" + sparse.joined(separator: ",") + "]").utf8)),
            .ndjson(Array(wide.joined(separator: "\n").utf8)), .json(Array(columns.utf8)),
        ] {
            #expect(fault(body) == nil)
        }
    }
}
