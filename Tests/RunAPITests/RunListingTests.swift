import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// `GET /runs`: conditions, orders, formats.
@Suite struct RunListingTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        for (run, start, flags, acc) in [
            ("a", 1, #"{"lr":0.1,"name":"x, \"y\""}"#, "0.9"), ("b", 2, #"{"lr":0.01,"on":true}"#, "0.95"),
            ("c", 3, #"{"lr":0.10}"#, "\"NaN\""),
        ] {
            let body = "{\"flags\":\(flags),\"properties\":{\"start\":\(start)}}"
            #expect(try api.send("PUT", "/runs/\(run)", type: "application/json", body).status == 201)
            #expect(try api.send("POST", "/runs/\(run)/metadata/evaluation", "{\"acc\":\(acc)}").status == 201)
        }
        #expect(try api.send("POST", "/runs/b/complete").status == 200)
    }

    private func target(_ parameters: [(String, String)]) -> String {
        "/runs?" + parameters.map { "\($0)=\(PercentEncoding.encode($1))" }.joined(separator: "&")
    }

    private func listed(_ parameters: (String, String)...) throws -> String {
        let reply = try api.send("GET", target(parameters))
        #expect(reply.status == 200, "\(reply.text)")
        return try reply.json["runs"]?.array?.compactMap { $0["run"]?.string }.joined() ?? ""
    }

    @Test func whereOrderAndLimitChooseRuns() throws {
        #expect(try listed(("where", "flag_lr == 0.1 & eval_acc > 0.5")) == "a")
        #expect(try listed(("where", "is.na(eval_acc) | completed")) == "cb")
        #expect(try listed(("order", "eval_acc")) == "abc")
        #expect(try listed(("order", "eval_acc"), ("descending", "true")) == "bac")
        #expect(try listed(("order", "-flag_lr,start")) == "acb")
        #expect(try listed(("order", "start"), ("limit", "2")) == "ab")
        #expect(try listed(("where", "`flag_name` == 'x, \"y\"'")) == "a")
        #expect(try listed(("where", "status == 'completed'")) == "b")
    }

    @Test func aPageSaysHowManyRunsThereAreOnAllPages() throws {
        var counts: [JSONValue?] = []
        for parameters in [[("limit", "2")], [("where", "flag_lr == 0.1")], [("where", "FALSE")]] {
            counts.append(try api.send("GET", target(parameters)).json["count"])
        }
        let first = try api.send("GET", target([("limit", "2")])).json
        counts.append(try api.send("GET", target([("cursor", first["next"]?.string ?? "")])).json["count"])
        #expect(counts == [3, 2, 0, 3])
    }

    @Test func columnsAreThoseThatAQueryCanName() throws {
        _ = try api.send("POST", "/runs/a/metadata/metrics", "{\"loss\":1}")
        let columns = try #require(try api.send("GET", "/columns").json["columns"]?.array?.compactMap(\.string))
        #expect(columns == columns.sorted() && Set(columns).count == columns.count)
        for name in ["run", "status", "flag_lr", "flag_name", "flag_on", "eval_acc", "metric_loss", "min_loss"] {
            #expect(columns.contains(name), "\(name) of \(columns)")
        }
        for name in columns {
            #expect(try api.send("GET", target([("order", "`\(name)`")])).status == 200, "\(name)")
        }
    }

    @Test func aListedRunIsTheRunAsItIsToldAlone() throws {
        let runs = try #require(try api.send("GET", "/runs").json["runs"]?.array)
        for run in runs { #expect(try api.send("GET", "/runs/\(run["run"]?.string ?? "")").json == run) }
    }

    /// Two flags that come to one name, a nested evaluation, properties with names of other columns.
    @Test func nothingThatARunHasIsHidden() throws {
        let start = #"{"flags":{"a.b":1,"a":{"b":2}},"properties":{"status":"x","links":"y","run":"z","updated":"w"}}"#
        #expect(try api.send("PUT", "/runs/d", type: "application/json", start).status == 201)
        let evaluation = #"{"0":{"precision":0.5,"history":[3,2]},"f1":[0.75]}"#
        #expect(try api.send("POST", "/runs/d/metadata/evaluation", evaluation).status == 201)
        let row = try api.send("GET", "/runs/d").json
        for (column, value) in [
            ("flag_a.b", 1), ("flag_a.b.1", 2), ("eval_0.precision", 0.5), ("eval_f1", 0.75),
            ("property_status", "x"), ("property_links", "y"), ("property_run", "z"), ("property_updated", "w"),
            ("status", "running"), ("run", "d"),
        ] as [(String, JSONValue)] {
            #expect(row[column] == value, "\(column)")
            guard let text = value.string ?? value.number?.text, column != "run" else { continue }
            let literal = value.string == nil ? text : "'\(text)'"
            #expect(try listed(("where", "`\(column)` == \(literal)")).contains("d"), "\(column)")
        }
        #expect(row["links"]?["self"] == "/runs/d")
        #expect(row["eval_0.history"] == nil && row["eval_0.history1"] == nil)
        #expect(try listed(("where", "property_status == 'x'")) == "d")
        let compared = try api.send("GET", "/compare?runs=d,a").json
        #expect(compared["flags"]?["a.b"] == [1, nil] && compared["flags"]?["a.b.1"] == [2, nil])
        #expect(compared["properties"]?["status"] == ["x", nil])
    }

    /// Anyone may have written it: the columns keep to what they are.
    @Test func aTimeThatIsNoneHasAColumnOfItsOwn() throws {
        for name in ["start", "end", "samples"] {
            api.folder.write("runs/a/tfruns.d/properties/\(name)", "yesterday\n")
        }
        let row = try api.send("GET", "/runs/a").json
        #expect(row["start"] == nil && row["end"] == nil && row["samples"] == nil)
        #expect(row["property_start"] == "yesterday" && row["property_samples"] == "yesterday")
        #expect(row["status"] == "stopped", "it has ended")
    }

    @Test func aPageBeginsAtAnOffset() throws {
        #expect(try listed(("offset", "0")) == "cba")
        #expect(try listed(("offset", "1")) == "ba")
        #expect(try listed(("order", "-eval_acc"), ("offset", "1"), ("limit", "1")) == "a")
        #expect(try listed(("where", "flag_lr == 0.1"), ("offset", "1")) == "a")
        #expect(try listed(("offset", "3")) == "")
        #expect(try listed(("offset", "9223372036854775807")) == "")
        let page = try api.send("GET", target([("offset", "1"), ("limit", "1")]))
        #expect(try page.json["count"] == 3)
        let link = try #require(page.headers["link"]?.wholeMatch(of: /<(.*)>; rel="next"/))
        #expect(try api.send("GET", String(link.1)).json["runs"]?.array?.map { $0["run"] } == ["a"])
        for parameters in [
            [("offset", "-1")], [("offset", "x")], [("offset", "1.5")], [("offset", "9223372036854775808")],
            [("offset", "1"), ("cursor", try page.json["next"]?.string ?? "")],
        ] {
            #expect(try api.send("GET", target(parameters)).status == 400, "\(parameters)")
        }
    }

    @Test func theLinkToTheNextPageRepeatsTheQuestion() throws {
        var seen = ""
        var next: String? = target([("where", "eval_acc > 0 | TRUE"), ("order", "-eval_acc"), ("limit", "1")])
        while let target = next {
            let reply = try api.send("GET", target)
            seen += try reply.json["runs"]?.array?.first?["run"]?.string ?? ""
            let link = reply.headers["link"]?.wholeMatch(of: /<(.*)>; rel="next"/)
            #expect(try (reply.json["next"] != nil) == (link != nil))
            next = link.map { String($0.1) }
        }
        #expect(seen == "bac")
    }

    @Test(arguments: [
        ("text/csv", ""), ("*/*;q=0.1, text/csv", ""), ("application/json", "&format=csv"), ("", "&format=csv"),
    ])
    func csvIsATableThatRReads(accept: String, format: String) throws {
        let headers = accept.isEmpty ? [] : [("Accept", accept)]
        let columns = "run,completed,flag_lr,flag_name,eval_acc,flag_on"
        let reply = try api.send("GET", "/runs?columns=\(columns)\(format)", headers: headers)
        #expect(reply.headers["content-type"] == "text/csv; charset=utf-8")
        #expect(
            reply.text == "\(columns)\r\nc,FALSE,0.10,NA,NaN,NA\r\nb,TRUE,0.01,NA,0.95,TRUE\r\n"
                + "a,FALSE,0.1,\"x, \"\"y\"\"\",0.9,NA\r\n")
        let whole = try api.send("GET", "/runs?limit=1\(format)", headers: headers)
        #expect(
            whole.text.hasPrefix(
                "run,start,completed,type,context,script,status,updated,flag_lr,eval_acc,steps_completed\r\nc,3,FALSE,training,remote,c,"
            ))
        #expect(whole.headers["link"]?.contains("rel=\"next\"") == true)
    }

    @Test func aTableOfNoRunsHasItsHeader() throws {
        let standard = "run,start,end,completed,type,context,script,status,updated\r\n"
        #expect(try api.send("GET", "/runs?format=csv&where=FALSE").text == standard)
        #expect(try api.send("GET", "/runs?format=csv&where=FALSE&columns=run,min_x").text == "run,min_x\r\n")
        #expect(
            try api.send("GET", "/runs?format=csv&where=flag_lr==0.01&columns=run,metric_x,flag_none").text
                == "run,metric_x,flag_none\r\nb,NA,NA\r\n")
    }

    @Test func runsAreFoundByTheExtremesOfAMetric() throws {
        for (run, values) in [("a", "[3,1,2]"), ("b", "[5,\"NaN\",4]")] {
            #expect(try api.send("POST", "/runs/\(run)/metadata/metrics", "{\"val loss\":\(values)}").status == 201)
        }
        #expect(try listed(("where", "`min_val loss` < 2")) == "a")
        #expect(try listed(("order", "-`max_val loss`")) == "bac")
        let target = target([("columns", "run,`min_val loss`,`max_val loss`"), ("order", "run"), ("format", "csv")])
        #expect(
            try api.send("GET", target).text
                == "run,\"min_val loss\",\"max_val loss\"\r\na,1,3\r\nb,4,5\r\nc,NA,NA\r\n")
        #expect(!(try api.send("GET", "/runs").text.contains("min_")))
        #expect(!(try api.send("GET", "/runs/a").text.contains("min_")))
    }

    @Test func textsAreSearchedAndTimesComparedWithDates() throws {
        #expect(try listed(("where", "grepl('^X', flag_name, ignore.case = TRUE)")) == "a")
        #expect(try listed(("where", "endsWith(flag_name, '\"') | startsWith(run, 'c')")) == "ca")
        #expect(try listed(("where", "start < '1970-01-02' & updated > '2020-01-01'")) == "cba")
        #expect(try listed(("where", "metric_none > 1 | end > '2020-01-01T00:00:00+01:00'")) == "b")
    }

    @Test func ndjsonIsARunALine() throws {
        let reply = try api.send(
            "GET", "/runs?columns=run,flag_lr&order=run", headers: [("Accept", "application/x-ndjson")])
        #expect(reply.headers["content-type"] == "application/x-ndjson")
        let expected = [
            #"{"run":"a","flag_lr":0.1}"#, #"{"run":"b","flag_lr":0.01}"#, #"{"run":"c","flag_lr":0.10}"#,
        ]
        #expect(reply.text == expected.map { $0 + "\n" }.joined())
    }

    @Test(arguments: [
        ("", ReplyFormat.json), ("text/*", .csv), ("*/*", .json), ("text/html,*/*;q=0.8", .json),
        ("text/csv", .csv),
        ("application/json;q=0.5, TEXT/CSV ; q=0.9", .csv), ("application/x-ndjson, text/csv;q=0", .ndjson),
        ("image/png", .json),
    ])
    func theFormatIsTheOneThatIsPreferred(_ header: String, _ format: ReplyFormat) {
        #expect(ReplyFormat(accepted: header) == format)
    }

    /// ERRORS.md, row 42.
    @Test(arguments: [
        ("where", "grepl('[', run)", 6, "missing ]"), ("where", "start > 'soon'", 8, "not a time"),
        ("where", "eval_acc > ", 11, "the end"), ("where", "acc > 0.9", 0, "did you mean eval_acc"),
        ("where", "flag_lr > 1 & x > 2 & y < 1", 14, "\"x\", \"y\" (at byte 14, byte 22)"), ("where", "", 0, "empty"),
        (
            "order", "eval_acc,speed", 9,
            "\"speed\" (at byte 9); columns of flags, metrics and evaluations begin with flag_"
        ), ("order", ",", 0, "no column"),
        ("columns", "run,spede", 4, "\"spede\""), ("columns", "run,flag_", 4, "\"flag_\""),
        ("limit", "0", nil, "1 to 1000"), ("cursor", "5b5d", nil, "\"next\""),
        ("archived", "maybe", nil, "one of: false"),
        ("descending", "1", nil, "true or false"), ("format", "xml", nil, "json, ndjson, csv"),
        ("sort", "x", nil, "order"),
    ])
    func whatCannotBeReadIsToldWithItsPlace(name: String, value: String, offset: Int?, words: String) throws {
        let reply = try BadRequest("GET", target([(name, value)]), 400, "invalid-query", words).check(api)
        #expect(try reply.json["offset"]?.number?.int == offset)
    }

    @Test func aParameterIsGivenOnce() throws {
        try BadRequest("GET", "/runs?limit=1&limit=2", 400, "invalid-query", "twice").check(api)
    }
}
