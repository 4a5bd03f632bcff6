import JSON
import RunMetadata
import RunStore
import Testing

@testable import MLflowAPI

/// Names and values of MLflow in a run.
@Suite struct MappingTests {
    @Test(arguments: [
        ("plain", "plain"), ("mlflow.source.name", "mlflow.source.name"), ("a/b", "a%2Fb"), ("start", "%73tart"),
        ("epochs", "%65pochs"), ("experiment", "%65xperiment"), (".", "%2E"), ("100%", "100%25"), ("ä/ö", "ä%2Fö"),
        ("a\u{7}", "a%07"),
    ])
    func tagAndPropertyNameEachOther(_ tag: String, _ property: String) {
        #expect(MLflowName.property(ofTag: tag)?.description == property)
        #expect(MLflowName.tag(ofProperty: property) == tag)
    }

    @Test(arguments: [("loss", "loss"), ("step", "%73tep"), ("_time", "%5Ftime"), ("epoch", "epoch"), ("a/b", "a%2Fb")])
    func metricAndColumnNameEachOther(_ metric: String, _ column: String) {
        #expect(MLflowName.row(ofMetric: metric) == column)
        #expect(MLflowName.metric(ofRow: column) == metric)
    }

    @Test(arguments: ["0.010", "1e-05", "64", "-3", "1.0"])
    func paramThatIsNumberIsOneWithItsDigits(_ text: String) {
        #expect(ParamValue.flag(text) == .number(JSONNumber(text)!))
        #expect(RunRecord.text(ParamValue.flag(text)) == text)
    }

    @Test(arguments: ["adam", "True", "", "01", ".5", "NaN", "80e5005", "1_000", " 1"])
    func otherParamIsText(_ text: String) { #expect(ParamValue.flag(text) == .string(text)) }

    @Test(arguments: ["a b", "a/b", "ä", "a-b_c.d:e", "0"])
    func nameIsAllowed(_ name: String) throws { try MLflowName.check(name, "Metric") }

    @Test(arguments: ["", "a%", "a\n", "/a", "a//b", "../a", "a/.", "a?", String(repeating: "a", count: 251)])
    func nameIsRefused(_ name: String) { #expect(throws: MLflowError.self) { try MLflowName.check(name, "Metric") } }

    @Test func valuesOfOneStepAndTimeShareRow() {
        var rows = MetricRows()
        rows.append("loss", 0.5, step: 1, time: 1000)
        rows.append("acc", .nan, step: 1, time: 1000)
        rows.append("loss", 0.4, step: 1, time: 1000)
        rows.append("loss", .infinity, step: 2, time: 1234)
        guard case .rows(let made) = rows.changes.first else {
            Issue.record("no rows")
            return
        }
        #expect(made.count == 3)
        #expect(
            String(decoding: made.bytes, as: UTF8.self) == """
                {"step":1,"_time":1,"loss":0.5,"acc":"NaN"}
                {"step":1,"_time":1,"loss":0.4}
                {"step":2,"_time":1.234,"loss":"Inf"}

                """)
    }

    @Test(arguments: [
        ("1/run/artifacts", "run", ""), ("1/run/artifacts/a/b.txt", "run", "a/b.txt"),
        ("team/x/run/artifacts/artifacts/a", "run", "artifacts/a"),
    ])
    func artifactPathLeadsToRun(_ path: String, _ run: String, _ file: String) throws {
        let place = try ArtifactPlace(path)
        #expect(place.run.description == run)
        #expect(place.path?.description ?? "" == file)
    }

    @Test(arguments: ["", "1", "1/run", "artifacts/x", "1/run/artifacts/tfruns.d/flags.json", "1/run/artifacts/../x"])
    func otherPathIsRefused(_ path: String) { #expect(throws: MLflowError.self) { try ArtifactPlace(path) } }

    @Test func modelIdNamesItsRun() throws {
        let run = try #require(RunID("2026-11-24T09-30-00Z-0002"))
        #expect(LoggedModel.run(of: LoggedModel.newID(of: run)) == run)
        #expect(LoggedModel.run(of: "m-") == nil)
        #expect(LoggedModel.run(of: "run-00000000") == nil)
    }
}
