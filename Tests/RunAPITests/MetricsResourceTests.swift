import Foundation
import JSON
import TestSupport
import Testing

/// `GET /runs/{id}/metrics`.
@Suite struct MetricsResourceTests {
    private let api: APIFixture

    init() throws {
        api = try .make(maxBody: 4 << 20)
        try api.send("PUT", "/runs/a")
        for row in [
            "{\"epoch\":2,\"loss\":0.20000000000000000001}", "{\"epoch\":1,\"loss\":0.5}",
            "{\"epoch\":2,\"val_loss\":NaN}", "{\"epoch\":3,\"loss\":1E2,\"val_loss\":\"-Inf\"}",
        ] {
            #expect(try api.send("POST", "/runs/a/metadata/metrics", row).status == 201)
        }
    }

    private static let columns =
        "{\n  \"epoch\": [1, 2, 3],\n  \"loss\": [0.5, 0.20000000000000000001, 1E2],\n"
        + "  \"val_loss\": [null, \"NaN\", \"-Inf\"]\n}\n"

    @Test(arguments: [
        ("", "", columns), ("", "format=columns", columns), ("application/json, text/csv;q=0.5", "", columns),
        ("", "after=2", "{\n  \"epoch\": [3],\n  \"loss\": [1E2],\n  \"val_loss\": [\"-Inf\"]\n}\n"),
        ("", "columns=val_loss,epoch", "{\n  \"val_loss\": [null, \"NaN\", \"-Inf\"],\n  \"epoch\": [1, 2, 3]\n}\n"),
        ("", "after=3&columns=loss", "{\n  \"loss\": []\n}\n"),
        (
            "", "format=rows&columns=epoch,val_loss",
            "[\n{\"epoch\":1},\n{\"epoch\":2,\"val_loss\":\"NaN\"},\n{\"epoch\":3,\"val_loss\":\"-Inf\"}\n]\n"
        ),
        ("", "format=rows&after=9", "[]\n"),
        (
            "application/x-ndjson", "",
            "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.20000000000000000001,\"val_loss\":\"NaN\"}\n"
                + "{\"epoch\":3,\"loss\":1E2,\"val_loss\":\"-Inf\"}\n"
        ),
        ("text/csv", "", "epoch,loss,val_loss\n1,0.5,NA\n2,0.20000000000000000001,NaN\n3,1E2,-Inf\n"),
        ("text/csv", "format=ndjson&after=2", "{\"epoch\":3,\"loss\":1E2,\"val_loss\":\"-Inf\"}\n"),
        // What is not reduced is as it was sent.
        ("", "points=10&format=csv", "epoch,loss,val_loss\n1,0.5,NA\n2,0.20000000000000000001,NaN\n3,1E2,-Inf\n"),
        ("", "points=2&format=csv&columns=epoch,loss", "epoch,loss\n1,0.5\n2,0.2\n3,100\n"),
        ("", "after=1.5&columns=epoch", "{\n  \"epoch\": [2, 3]\n}\n"),
        ("", "columns=%60val_loss%60,epoch&after=2", "{\n  \"val_loss\": [\"-Inf\"],\n  \"epoch\": [3]\n}\n"),
    ])
    func metricsAreToldAsAskedFor(accept: String, query: String, expected: String) throws {
        let headers = accept.isEmpty ? [] : [("Accept", accept)]
        let reply = try api.send("GET", "/runs/a/metrics?\(query)", headers: headers)
        #expect(reply.status == 200)
        #expect(reply.text == expected)
        #expect(try api.client().send("HEAD", "/runs/a/metrics?\(query)", headers: headers).status == 200)
    }

    @Test(arguments: [
        ("/runs/a/metrics?points=0", 400, "invalid-query", "1 to 1000000"),
        ("/runs/a/metrics?points=x", 400, "invalid-query", "1 to 1000000"),
        ("/runs/a/metrics?after=x", 400, "invalid-query", "step or epoch"),
        ("/runs/a/metrics?columns=", 400, "invalid-query", "separated by commas"),
        ("/runs/a/metrics?columns=loss,loss", 400, "invalid-query", "each once"),
        ("/runs/a/metrics?columns=lost", 400, "invalid-query", "epoch, loss, val_loss"),
        ("/runs/a/metrics?format=xml", 400, "invalid-query", "columns, rows, ndjson, csv"),
        ("/runs/a/metrics?limit=1", 400, "invalid-query", "columns, after, points, format"),
        ("/runs/b/metrics", 404, "unknown-run", "PUT /runs/b"),
        ("/runs/empty/metrics?points=5", 404, "no-metadata", "POST"),
        ("/runs/active/metrics", 404, "unknown-run", ""),
    ])
    func whatCannotBeToldSaysWhy(target: String, status: Int, slug: String, detail: String) throws {
        try api.send("PUT", "/runs/empty")
        if target.contains("active") { try api.send("POST", "/runs/empty/complete") }
        try BadRequest("GET", target, status, slug, detail).check(api)
    }

    @Test func rowsThatCameMeanwhileAreThereTheNextTime() throws {
        for row in 4..<200 {
            try api.send("POST", "/runs/a/metadata/metrics", "{\"epoch\":\(row),\"loss\":\(row)}")
            if row % 50 == 0 {
                let reply = try api.send("GET", "/runs/a/metrics?points=100000&columns=epoch")
                #expect(try reply.json["epoch"]?.array?.count == row)
            }
        }
        // Other rows by the same name.
        try api.send("POST", "/runs/a/metadata/metrics?replace=true", "{\"epoch\":[7],\"loss\":[1]}")
        #expect(try api.send("GET", "/runs/a/metrics?points=9").json == ["epoch": [7], "loss": [1]])
        #expect(try api.send("GET", "/runs/a/metrics?format=ndjson").text == "{\"epoch\":7,\"loss\":1}\n")
    }

    @Test func longRunIsStreamedInPartsWithEveryRow() throws {
        let rows = (0..<30_000).map { "{\"step\":\($0),\"loss\":\($0).50,\"b\":1}\n" }.joined()
        try api.send("PUT", "/runs/long")
        #expect(
            try api.send("POST", "/runs/long/metadata/metrics", type: "application/x-ndjson", rows).status == 201)
        #expect(try api.send("GET", "/runs/long/metrics?format=ndjson").text == rows)
        let tail = try api.send("GET", "/runs/long/metrics?after=20000&columns=loss")
        #expect(try tail.json["loss"]?.array?.count == 9999)
        #expect(tail.text.hasPrefix("{\n  \"loss\": [20001.50, "))
        // Without keys, rows are numbered.
        try api.send("PUT", "/runs/plain")
        let plain = (0..<9000).map { "{\"loss\":\($0)}\n" }.joined()
        try api.send("POST", "/runs/plain/metadata/metrics", type: "application/x-ndjson", plain)
        #expect(
            try api.send("GET", "/runs/plain/metrics?after=8997&format=ndjson").text
                == "{\"loss\":8998}\n{\"loss\":8999}\n")
    }

    @Test func frameThatSomethingElseWroteIsToldByRowToo() throws {
        api.folder.write("runs/made/tfruns.d/metrics.json", "{\"loss\": [0.5, 0.25], \"acc\": [null, 1]}")
        #expect(try api.send("GET", "/runs/made/metrics?format=csv").text == "loss,acc\n0.5,NA\n0.25,1\n")
        #expect(try api.send("GET", "/runs/made/metrics?points=10").json == ["loss": [0.5, 0.25], "acc": [.null, 1]])
    }

    /// As Python's `json.dump()` writes a frame.
    @Test(arguments: ["/runs/python/metrics", "/runs/python/metadata/metrics"])
    func bareNaNOfSomethingElseIsTold(target: String) throws {
        let folder = "runs/python/tfruns.d"
        api.folder.write("\(folder)/properties/start", "1795499177\n")
        api.folder.write(
            "\(folder)/metrics.json",
            #"{"NaN": [0.50, NaN, Infinity], "a": [-Infinity, null, null], "t": ["x, Inf", null, null]}"#)
        let reply = try api.send("GET", target)
        #expect(reply.text == #"{"NaN": [0.50, "NaN", "Inf"], "a": ["-Inf", null, null], "t": ["x, Inf", null, null]}"#)
        #expect(reply.headers["content-length"] == "\(reply.text.utf8.count)")
        // The file stays as it is.
        #expect(api.file("metrics.json", of: "python")?.contains("Infinity") == true)
        let run = try api.send("GET", "/runs/python").json
        #expect(run["metric_NaN"] == "Inf" && run["metric_a"] == "-Inf")
        #expect(try api.send("GET", "/runs/python/metrics?format=csv&columns=NaN").text == "NaN\n0.50\nNaN\nInf\n")
    }
}
