import JSON
import TestSupport
import Testing

/// What becomes of metrics that clients send one after the other: each is there, or its reply says that it is not.
@Suite struct SentMetricsTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    /// A body, and what is answered.
    struct Sent: Sendable {
        let body: String
        var type = "application/json"
        var query = ""
        var status = 201

        static func json(_ body: String, _ query: String = "", _ status: Int = 201) -> Sent {
            Sent(body: body, query: query, status: status)
        }
        static func form(_ body: String, _ status: Int = 201) -> Sent {
            Sent(body: body, type: "application/x-www-form-urlencoded", status: status)
        }
        static func csv(_ body: String, _ status: Int = 201) -> Sent {
            Sent(body: body, type: "text/csv", status: status)
        }
    }

    private func frame() throws -> String {
        String(decoding: JSONWriter.compact(try api.send("GET", "/runs/a/metadata/metrics").json), as: UTF8.self)
    }

    private func send(_ sent: [Sent]) throws {
        for sent in sent {
            let target = "/runs/a/metadata/metrics" + (sent.query.isEmpty ? "" : "?\(sent.query)")
            let reply = try api.send("POST", target, type: sent.type, sent.body)
            #expect(reply.status == sent.status, "\(sent.body): \(reply.text)")
        }
    }

    @Test(
        arguments: [
            // Steps and epochs side by side.
            (
                [
                    .json(#"{"step":1,"loss":2}"#), .json(#"{"epoch":1,"val_loss":0.7}"#),
                    .json(#"{"step":2,"loss":1}"#),
                ],
                #"{"step":[1,null,2],"loss":[2,null,1],"epoch":[null,1,null],"val_loss":[null,0.7,null]}"#
            ),
            (
                [.json(#"{"loss":9}"#), .json(#"{"step":0,"loss":2}"#), .json(#"{"step":1,"loss":1}"#)],
                #"{"loss":[9,2,1],"step":[null,0,1]}"#
            ),
            ([.json(#"{"epoch":0.05,"loss":2.71,"step":10}"#)], #"{"epoch":[0.05],"loss":[2.71],"step":[10]}"#),
            // R's toJSON(list(epoch = e, loss = l)), once an epoch.
            (
                [
                    .json(#"{"epoch":[1],"loss":[0.5]}"#), .json(#"{"epoch":[2],"loss":[0.4]}"#),
                    .json(#"{"epoch":[2],"val_loss":[0.6]}"#),
                ], #"{"epoch":[1,2],"loss":[0.5,0.4],"val_loss":[null,0.6]}"#
            ),
            // Chunks of new steps.
            (
                [.json(#"{"step":[1,2],"loss":[4,3]}"#), .json(#"{"step":[3,4],"loss":[2,1]}"#)],
                #"{"step":[1,2,3,4],"loss":[4,3,2,1]}"#
            ),
            // A frame whose rows no key tells apart stays as it is, and is gone on with.
            (
                [
                    .json(#"{"epoch":[1,1,1,2,2,2],"batch":[1,2,3,1,2,3],"loss":[6,5,4,3,2,1]}"#),
                    .json(#"{"epoch":3,"batch":1,"loss":0}"#),
                ], #"{"epoch":[1,1,1,2,2,2,3],"batch":[1,2,3,1,2,3,1],"loss":[6,5,4,3,2,1,0]}"#
            ),
            (
                [.csv("epoch,batch,loss\n2,1,3\n2,2,4\n1,1,5\n")], #"{"epoch":[2,2,1],"batch":[1,2,1],"loss":[3,4,5]}"#
            ),
            // A data frame with NA for the epochs to come, each time as a whole.
            (
                [
                    .json(#"[{"loss":0.423},{},{}]"#), .json(#"[{"loss":0.423},{"loss":0.2},{}]"#),
                    .json(#"[{"loss":0.423},{"loss":0.2},{"loss":0.1}]"#),
                ], #"{"loss":[0.423,0.2,0.1]}"#
            ),
            // With NaN for them, as pandas has it; and with NaN for what was measured.
            (
                [
                    .json(#"[{"loss":0.4},{"loss":NaN},{"loss":NaN}]"#),
                    .json(#"[{"loss":0.4},{"loss":0.2},{"loss":NaN}]"#),
                    .json(#"[{"loss":0.4},{"loss":0.2},{"loss":0.1}]"#),
                ], #"{"loss":[0.4,0.2,0.1]}"#
            ),
            (
                [.json(#"[{"loss":NaN},{"loss":NaN}]"#), .json(#"[{"loss":0.4},{"loss":NaN}]"#)],
                #"{"loss":["NaN","NaN",0.4,"NaN"]}"#
            ),
            (
                [.json(#"[{"loss":4},{"loss":2},{"loss":NaN}]"#), .json(#"[{"loss":4},{"loss":NaN}]"#)],
                #"{"loss":[4,2,"NaN",4,"NaN"]}"#
            ),
            // A growing frame, as rows.
            (
                [
                    .json(#"[{"loss":3}]"#), .json(#"[{"loss":3},{"loss":2}]"#),
                    .json(#"[{"loss":3},{"loss":2.0},{"loss":1}]"#),
                ], #"{"loss":[3,2.0,1]}"#
            ),
            ([.json(#"[{"loss":3},{"loss":2}]"#), .json(#"[{"loss":1},{"loss":0}]"#)], #"{"loss":[3,2,1,0]}"#),
            // A last row in which all is missing is no epoch to come where rows come one after the other.
            (
                [
                    .form("{\"loss\":3}\n{\"loss\":2}\n{\"loss\":1}\n"), .form("{\"loss\":0}\n{\"loss\":null}\n"),
                ], #"{"loss":[3,2,1,0,null]}"#
            ),
            // By column.
            (
                [.json(#"{"loss":[0.4,null]}"#), .json(#"{"loss":[0.4,0.3]}"#), .json(#"{"loss":[0.5,0.3]}"#)],
                #"{"loss":[0.5,0.3]}"#
            ),
            ([.json(#"{"loss":{"0":0.4,"1":0.2}}"#)], #"{"loss":[0.4,0.2]}"#),
            // What is shorter than what is there replaces it on demand alone.
            (
                [.json(#"{"loss":[3,2,1]}"#), .json(#"{"loss":[9,8]}"#, "", 409), .json(#"{"acc":[1,2]}"#, "", 409)],
                #"{"loss":[3,2,1]}"#
            ),
            ([.json(#"{"loss":[3,2,1]}"#), .json(#"{"loss":[9,8]}"#, "replace=true")], #"{"loss":[9,8]}"#),
            (
                [.json(#"{"step":1,"loss":1}"#), .json(#"{"step":2,"loss":9}"#, "replace=true")],
                #"{"step":[2],"loss":[9]}"#
            ),
            (
                [
                    .json(#"{"epoch":1,"loss":1}"#), .json(#"{"epoch":2,"loss":1}"#),
                    .json(#"[{"epoch":3,"b":1,"loss":1},{"epoch":3,"b":2,"loss":2}]"#, "", 409),
                ], #"{"epoch":[1,2],"loss":[1,1]}"#
            ),
            // As programs print numbers.
            (
                [
                    .form("step=1&loss=nan"), .form("step=2&loss=.5&acc=-inf"), .form("step=3&loss=80e5005", 422),
                    .csv("step,loss\n4,NaN\n5,<NA>\n6,+0.25\n"), .json(#"{"step":7,"loss":-nan}"#),
                ],
                #"{"step":[1,2,4,5,6,7],"loss":["NaN",0.5,"NaN",null,0.25,"NaN"],"acc":[null,"-Inf",null,null,null,null]}"#
            ),
            // Byte order marks.
            (
                [.csv("\u{FEFF}step,loss\n1,2\n"), .json("\u{FEFF}{\"step\":1,\"acc\":3}")],
                #"{"step":[1],"loss":[2],"acc":[3]}"#
            ),
            // NDJSON and CSV as curl sends them without a content type of their own.
            (
                [.form("{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n"), .form("step,loss\n3,3\n4,4\n")],
                #"{"step":[1,2,3,4],"loss":[1,2,3,4]}"#
            ),
            ([.json(#"{"step":1732831823123456789,"loss":1}"#)], #"{"step":[1732831823123456789],"loss":[1]}"#),
        ] as [([Sent], String)])
    func whatWasSentIsThere(sent: [Sent], expected: String) throws {
        try send(sent)
        #expect(try frame() == expected)
        // And again from what is on the disk.
        try api.send("POST", "/runs/a/complete")
        #expect(try frame() == expected)
    }

    @Test(arguments: [
        (Sent.form("{\"a\":1}{\"a\":2}", 400), "--data-binary"),
        (Sent(body: "{\"a\":1}{\"a\":2}", type: "application/x-ndjson", status: 400), "--data-binary"),
        (Sent.csv("step;loss\n1;2\n", 422), "separate them by commas"),
        (Sent.csv("step\tloss\n1\t2\n", 422), "separate them by commas"),
        (Sent.csv("step,loss1,0.52,0.4", 422), "--data-binary"),
        (Sent.form("step,loss1,0.52,0.4", 400), "--data-binary"),
        (Sent.json("{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n", "", 400), "application/x-ndjson"),
        (Sent(body: #"[{"loss":1},{"loss":2}]"#, type: "application/x-ndjson", status: 422), "application/json"),
        (Sent.json(#"{"0":{"loss":1,"acc":2},"1":{"loss":0.5,"acc":3}}"#, "", 422), "an array of rows"),
        (Sent.csv(",loss\n0,1\n1,2\n", 422), "index=False"),
        (Sent.json(#"[{"loss":1,"_row":"a"},{"loss":2,"_row":"b"}]"#, "", 422), "rownames = FALSE"),
        (Sent.json(#"{"step":9223372036854775808,"loss":1}"#, "", 422), "9223372036854775807"),
        (Sent.json(#"{"loss":1}"#, "replac=true", 400), "replace"),
        (Sent.json(#"{"loss":1}"#, "replace=1", 422), "true or false"),
    ])
    func whatIsRefusedSaysTheCure(sent: Sent, cure: String) throws {
        let target = "/runs/a/metadata/metrics" + (sent.query.isEmpty ? "" : "?\(sent.query)")
        let reply = try api.send("POST", target, type: sent.type, sent.body)
        #expect(reply.status == sent.status && reply.text.contains(cure), "\(reply.text)")
        #expect(try api.send("GET", "/runs/a/metadata/metrics").status == 404)
    }

    @Test func rowsThatAreReplacedStayBesideTheOthers() throws {
        try send([
            .json(#"{"step":1,"loss":1}"#), .json(#"{"step":2,"loss":2}"#), .json(#"{"loss":[9,8,7]}"#),
        ])
        let earlier = api.folder.text("runs/a/tfruns.d/metrics.1.ndjson")?.replacing(/,"_time":[0-9.]+/, with: "")
        #expect(earlier == "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n")
        try send([.json(#"{"loss":[6]}"#, "replace=true")])
        #expect(
            api.folder.text("runs/a/tfruns.d/metrics.1.ndjson") == "{\"loss\":9}\n{\"loss\":8}\n{\"loss\":7}\n")
        #expect(try frame() == #"{"loss":[6]}"#)
    }

    @Test func theTimeOfArrivalIsToldWhereItIsAskedFor() throws {
        try send([.json(#"{"step":1,"loss":1}"#), .json(#"{"step":2,"loss":2,"_time":17.5}"#)])
        #expect(try api.send("GET", "/runs/a/metrics").json.object?.members.map(\.name) == ["step", "loss"])
        let times = try api.send("GET", "/runs/a/metrics?columns=_time").json["_time"]?.array
        #expect(times?.count == 2 && times?.last == 17.5)
        #expect((times?.first?.number?.double ?? 0) > 1_700_000_000)
        #expect(try api.send("GET", "/runs/a").text.contains("_time") == false)
    }

    /// Times that were sent are kept, or their frame is refused: `metrics.json` has no place for them.
    @Test func timesThatWereSentAreKept() throws {
        try send([
            .json(#"{"_time":[1.5,2.5],"loss":[4,3]}"#, "", 422), .json(#"{"loss":[4,3],"_time":[1.5,2.5]}"#, "", 422),
            .json(#"[{"_time":1.5,"loss":4},{"loss":3}]"#, "replace=true", 422),
            .json(#"[{"epoch":1,"_time":1.5,"loss":4},{"epoch":1,"loss":3}]"#, "", 422),
            .json(#"[{"_time":1.5,"loss":4},{"_time":2.5,"loss":3}]"#), .csv("loss,_time\n2,3.5\n1,4.5\n"),
            .json(#"{"_time":[5.5,6.5],"step":[1,2],"loss":[9,8]}"#),
        ])
        #expect(
            try api.send("GET", "/runs/a/metrics?columns=_time,loss").json
                == ["_time": [1.5, 2.5, 3.5, 4.5, 5.5, 6.5], "loss": [4, 3, 2, 1, 9, 8]])
        // Lines of a log: an epoch that is sent again is the same row, as where lines come one by one.
        let lines = "{\"epoch\":1,\"loss\":5,\"_time\":1}\n{\"epoch\":1,\"loss\":6,\"_time\":2}\n"
        try api.send("PUT", "/runs/b")
        for _ in 0..<2 {
            let reply = try api.send("POST", "/runs/b/metadata/metrics", type: "application/x-ndjson", lines)
            #expect(reply.status == 201, "\(reply.text)")
        }
        #expect(try api.send("GET", "/runs/b/metadata/metrics").json == ["epoch": [1], "loss": [6]])
    }

    /// Columns that something else wrote, and that hold no numbers, hide nothing.
    @Test func oddColumnsHideNothing() throws {
        api.folder.write(
            "runs/made/tfruns.d/metrics.json",
            #"{"loss": [0.5, 0.25], "_row": ["a", "b"], "ok": [true, false], "day": ["2026-11-01", "2026-11-02"]}"#)
        api.folder.write("runs/made/tfruns.d/properties/start", "1795499177\n")
        #expect(try api.send("GET", "/runs/made").json["metric_loss"] == 0.25)
        #expect(try api.send("GET", "/runs/made/metrics?columns=loss").json == ["loss": [0.5, 0.25]])
        #expect(try api.send("GET", "/runs/made/metrics?columns=day").json == ["day": ["2026-11-01", "2026-11-02"]])
        #expect(try api.send("GET", "/runs/made/metadata/metrics").json["ok"] == [true, false])
        let row = try api.send("POST", "/runs/made/metadata/metrics", #"{"loss":0.125}"#)
        #expect(row.status == 201)
        #expect(try api.send("GET", "/runs/made/metadata/metrics").json["_row"] == ["a", "b", .null])
    }

    @Test func aMetricWithACommaInItsNameIsFound() throws {
        try send([.json(#"{"mAP,50":1,"a`b":2}"#)])
        #expect(try api.send("GET", "/runs/a/metrics?columns=%60mAP,50%60").json == ["mAP,50": [1]])
    }
}
