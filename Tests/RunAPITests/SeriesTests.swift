import JSON
import TestSupport
import Testing

/// `/series`.
@Suite struct SeriesTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        for run in ["a", "b"] {
            try api.send("PUT", "/runs/\(run)", type: "application/json", #"{"properties":{"start":1795499000}}"#)
        }
        try rows("a", (0..<4).map { #"{"step":\#($0 * 10),"loss":\#(4 - $0),"_time":\#(1_795_499_010 + $0)}"# })
        try rows("a", [#"{"step":5,"loss":3.5,"acc":"NaN","_time":1795499020.25}"#, #"{"note":7,"_time":1795499021}"#])
        try rows("b", [#"{"epoch":1,"loss":0.5}"#, #"{"epoch":2,"loss":"-Inf","mAP,50":0.25}"#])
        try api.send("PUT", "/runs/none")
    }

    private func rows(_ run: String, _ rows: [String]) throws {
        let reply = try api.send(
            "POST", "/runs/\(run)/metadata/metrics", type: "application/x-ndjson", rows.joined(separator: "\n"))
        #expect(reply.status == 201, "\(reply.text)")
    }

    /// Each series as `run metric axis: x:y x:y …`.
    private func series(_ query: String) throws -> [String] {
        let reply = try api.send("GET", "/series?\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        return try #require(try reply.json.object?["series"]?.array).map { series in
            let object = try #require(series.object)
            let (x, y) = (try #require(object["x"]?.array), try #require(object["y"]?.array))
            #expect(x.count == y.count)
            let names = ["run", "metric", "axis"].map { object[$0]?.string ?? "?" }.joined(separator: " ")
            let points = zip(x, y).map { "\(text($0)):\(text($1))" }.joined(separator: " ")
            return "\(names): \(points)"
        }
    }

    private func text(_ value: JSONValue) -> String { value.string ?? value.number?.text ?? "?" }

    @Test func manyRunsAreToldOfAtOnceEachOverItsOwnAxis() throws {
        #expect(
            try series("runs=b,a,none&metrics=loss") == [
                "b loss epoch: 1:0.5 2:-Inf", "a loss step: 0:4 5:3.5 10:3 20:2 30:1",
            ])
    }

    @Test func allMetricsAreToldOfWhereNoneIsNamed() throws {
        #expect(
            try series("runs=b&x=row") == ["b loss row: 0:0.5 1:-Inf", "b mAP,50 row: 1:0.25"])
        #expect(try series("runs=a").map { $0.split(separator: ":")[0] } == ["a loss step", "a acc step"])
    }

    @Test(arguments: [
        ("step", ["a acc step: 5:NaN"]), ("row", ["a acc row: 1:NaN", "a note row: 5:7"]), ("epoch", []),
        ("time", ["a acc time: 1795499020.25:NaN", "a note time: 1795499021:7"]),
        ("elapsed", ["a acc elapsed: 20.25:NaN", "a note elapsed: 21:7"]),
    ])
    func valuesStandOverTheAxisThatIsAskedFor(_ axis: String, _ expected: [String]) throws {
        #expect(try series("runs=a&metrics=acc,note,gone&x=\(axis)") == expected)
    }

    /// Fails when points stand in the order of the rows rather than that of the axis.
    @Test func pointsStandInTheOrderOfTheAxis() throws {
        #expect(
            try series("runs=a&metrics=loss&x=elapsed") == ["a loss elapsed: 10:4 11:3 12:2 13:1 20.25:3.5"])
    }

    /// The start of a run that was changed counts, though the rows are what they were.
    @Test func elapsedTimeIsCountedFromTheStart() throws {
        _ = try series("runs=a&metrics=acc&x=elapsed")
        try api.send("PUT", "/runs/a", type: "application/json", #"{"properties":{"start":1795499020}}"#)
        #expect(try series("runs=a&metrics=acc&x=elapsed") == ["a acc elapsed: 0.25:NaN"])
    }

    @Test func stepsKeepTheirLastDigit() throws {
        try rows("none", [#"{"step":9223372036854775807,"loss":1}"#, #"{"step":1732831823123456789,"loss":2}"#])
        #expect(
            try series("runs=none&x=step") == ["none loss step: 1732831823123456789:2 9223372036854775807:1"])
    }

    @Test func namesWithCommasStandInBackticks() throws {
        #expect(try series("runs=b&metrics=%60mAP,50%60") == ["b mAP,50 epoch: 2:0.25"])
    }

    @Test func aLongSeriesIsReducedAndKeepsItsPeaks() throws {
        try rows(
            "b", (10..<3010).map { #"{"epoch":\#($0),"loss":\#($0 == 1234 ? 99 : $0 == 2345 ? -99 : 1)}"# })
        let reply = try api.send("GET", "/series?runs=b&metrics=loss&points=20")
        let one = try #require(try reply.json.object?["series"]?.array?.first?.object)
        let values = try #require(one["y"]?.array).compactMap { $0.number?.double }
        #expect(values.count <= 44)
        #expect(values.max() == 99)
        #expect(values.min() == -99)
        #expect(one["x"]?.array?.last == 3009)
    }

    @Test(arguments: [
        ("x=step&from=5&to=20", "step: 5:3.5 10:3 20:2"), ("x=step&from=11", "step: 20:2 30:1"),
        ("x=step&to=5", "step: 0:4 5:3.5"), ("x=row&from=1&to=2", "row: 1:3.5 2:3"),
        ("x=elapsed&from=11.5&to=20.25", "elapsed: 12:2 13:1 20.25:3.5"), ("from=-1e3&to=0", "step: 0:4"),
    ])
    func aPartOfTheAxisIsToldOf(_ query: String, _ expected: String) throws {
        #expect(try series("runs=a&metrics=loss&\(query)") == ["a loss \(expected)"])
        #expect(try series("runs=a&metrics=loss&x=step&from=31") == [])
    }

    /// Fails when a part has as few points as it has in the whole series.
    @Test func aPartOfALongSeriesHasAllItsPoints() throws {
        try rows("b", (10..<3010).map { #"{"epoch":\#($0),"loss":\#($0 % 7)}"# })
        let expected = (1000...1015).map { "\($0):\($0 % 7)" }.joined(separator: " ")
        #expect(try series("runs=b&metrics=loss&points=20&from=1000&to=1015") == ["b loss epoch: \(expected)"])
    }

    @Test func rowsThatComeLaterAreToldOf() throws {
        #expect(try series("runs=b&metrics=mAP") == [])
        try rows("b", [#"{"epoch":3,"mAP":1}"#])
        #expect(try series("runs=b&metrics=mAP") == ["b mAP epoch: 3:1"])
    }

    @Test func aFrameThatSomethingElseWroteIsToldOf() throws {
        api.folder.write("runs/none/tfruns.d/metrics.json", #"{"loss":[0.5,null,"NaN"],"epoch":[1,2,3]}"#)
        #expect(try series("runs=none") == ["none loss epoch: 1:0.5 3:NaN"])
        #expect(try series("runs=none&x=time") == [])
    }

    @Test func theTableIsCSVToo() throws {
        let reply = try api.send("GET", "/series?runs=b&format=csv")
        #expect(
            reply.text == """
                run,metric,axis,x,y
                b,loss,epoch,1,0.5
                b,loss,epoch,2,-Inf
                b,"mAP,50",epoch,2,0.25

                """)
        #expect(reply.headers["content-type"] == "text/csv; charset=utf-8")
        let preferred = try api.send("GET", "/series?runs=b", headers: [("Accept", "application/json;q=0.5, text/csv")])
        #expect(preferred.text == reply.text)
    }

    @Test(arguments: [
        ("", 400, "runs is missing"), ("runs=", 400, "runs is missing"), ("runs=a,a", 400, "named twice"),
        ("runs=a,gone,lost", 404, "gone"), ("runs=a,", 400, "not a run id"), ("runs=a&x=batch", 400, "elapsed"),
        ("runs=a&points=1", 400, "from 2 to"), ("runs=a&points=x", 400, "from 2 to"),
        ("runs=a&metric=loss", 400, "metrics"),
        ("runs=a&metrics=loss,loss", 400, "named twice"), ("runs=a&runs=b", 400, "twice"),
        ("runs=a&format=xml", 400, "csv"), ("runs=a&from=x", 400, "a number"), ("runs=a&to=nan", 400, "a number"),
        ("runs=a&from=2&to=1", 400, "greater than to"),
    ])
    func whatCannotBeAnsweredIsRefused(_ query: String, _ status: Int, _ reason: String) throws {
        let reply = try api.send("GET", "/series?\(query)")
        #expect(reply.status == status)
        #expect(reply.text.contains(reason), "\(reply.text)")
    }

    @Test func aClientThatHasTheSeriesGetsThemNotAgain() throws {
        let first = try api.client().send("GET", "/series?runs=a")
        let tag = try #require(first.headers["etag"])
        #expect(try api.client().send("GET", "/series?runs=a", headers: [("If-None-Match", tag)]).status == 304)
        try rows("a", [#"{"step":99,"loss":0}"#])
        #expect(try api.client().send("GET", "/series?runs=a", headers: [("If-None-Match", tag)]).status == 200)
    }
}
