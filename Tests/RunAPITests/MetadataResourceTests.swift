import Foundation
import JSON
import TestSupport
import Testing

/// `/runs/{id}/metadata` and `/runs/{id}/metadata/{type}`.
@Suite struct MetadataResourceTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    @Test(
        arguments: [
            ("flags", "lr=0.1&batch_size=32", "{\n  \"lr\": 0.1,\n  \"batch_size\": 32\n}\n"),
            ("evaluation", "acc=0.9712&loss=NaN", "{\n  \"acc\": 0.9712,\n  \"loss\": \"NaN\"\n}\n"),
            ("error", "message=oom", "{\n  \"message\": \"oom\"\n}\n"),
            ("metrics", "epoch=1&loss=0.5", "{\n  \"epoch\": [1],\n  \"loss\": [0.5]\n}\n"),
        ])
    func writtenMetadataIsReadBackAsTheFileHoldsIt(type: String, body: String, stored: String) throws {
        let written = try api.send("POST", "/runs/a/metadata/\(type)", body)
        #expect(written.status == 201)
        #expect(written.body.isEmpty && written.headers["content-length"] == "0")
        let read = try api.send("GET", "/runs/a/metadata/\(type)")
        #expect(read.status == 200)
        #expect(read.headers["content-type"] == "application/json")
        #expect(read.text == stored)
        let head = try api.client().send("HEAD", "/runs/a/metadata/\(type)")
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "\(stored.utf8.count)")
        if type != "metrics" { #expect(api.file("\(type).json", of: "a") == stored) }
    }

    @Test func propertiesAreReadBackAsText() throws {
        #expect(
            try api.send("POST", "/runs/a/metadata/properties", #"{"n":48000,"c":["x","y"],"ok":true}"#).status == 201)
        let read = try api.send("GET", "/runs/a/metadata/properties").json
        #expect(read["n"]?.string == "48000")
        #expect(read["c"]?.string == "x\ny")
        #expect(read["ok"]?.string == "TRUE")
        #expect(read["completed"]?.string == "FALSE")
        #expect(api.file("properties/c", of: "a") == "x\ny\n")
    }

    /// Every form in which the same flags may come.
    @Test(
        arguments: [
            ("application/json", #"{"lr":0.1,"aug":true,"opt":"adam"}"#),
            ("APPLICATION/JSON ; charset=utf-8", #"{"lr":0.1,"aug":true,"opt":"adam"}"#),
            ("application/vnd.example+json", #"{"lr":0.1,"aug":true,"opt":"adam"}"#),
            ("application/x-www-form-urlencoded", "lr=0.1&aug=true&opt=adam"),
            ("application/x-www-form-urlencoded", #"{"lr":0.1,"aug":true,"opt":"adam"}"#),
            ("application/x-www-form-urlencoded", "data=%7B%22lr%22:0.1,%22aug%22:true,%22opt%22:%22adam%22%7D"),
            ("application/x-www-form-urlencoded", "data=%20%7B%22lr%22:0.1,%22aug%22:true,%22opt%22:%22adam%22%7D"),
            ("multipart/form-data; boundary=BB", multipart([("lr", "0.1"), ("aug", "true"), ("opt", "adam")])),
            ("multipart/form-data; boundary=BB", multipart([("data", #"{"lr":0.1,"aug":true,"opt":"adam"}"#)])),
            ("", "lr=0.1&aug=true&opt=adam"),
            ("", "\n " + #"{"lr":0.1,"aug":true,"opt":"adam"}"#),
        ])
    func flagsMayComeInAnyForm(type: String, body: String) throws {
        let reply = try api.send("POST", "/runs/a/metadata/flags", type: type.isEmpty ? nil : type, body)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(api.file("flags.json", of: "a") == "{\n  \"lr\": 0.1,\n  \"aug\": true,\n  \"opt\": \"adam\"\n}\n")
    }

    /// Beside JSON in the field `data`, which is the whole body, nothing is dropped without a word.
    @Test(arguments: ["x=1&data=%7B%22lr%22:0.1%7D", "data=%7B%22lr%22:0.1%7D&x=1", "data=%5B%5D&data=%7B%7D"])
    func fieldsBesideTheWholeBodyAreRefused(body: String) throws {
        for (type, form) in [
            ("application/x-www-form-urlencoded", body),
            ("multipart/form-data; boundary=BB", multipart([("data", #"{"lr":0.1}"#), ("x", "1")])),
        ] {
            for metadata in ["flags", "metrics", "properties"] {
                let reply = try api.send("POST", "/runs/a/metadata/\(metadata)", type: type, form)
                #expect(reply.status == 400 && reply.text.contains("beside it would be lost"), "\(reply.text)")
            }
        }
        #expect(api.file("flags.json", of: "a") == nil)
    }

    /// Numbers as programs print them, in forms.
    @Test(arguments: ["metrics", "evaluation"])
    func printedNumbersInFormsAreNumbers(type: String) throws {
        let form = "step=3&a=.5&b=nan&c=-inf&d=+1&e=NA&f=1e-05&g=NaN32&h=nan(ind)&i=1.5e+06&j=1e%2B06"
        for (contentType, body) in [
            ("application/x-www-form-urlencoded", form),
            (
                "multipart/form-data; boundary=BB",
                multipart([
                    ("step", "3"), ("a", ".5"), ("b", "nan"), ("c", "-inf"), ("d", "+1"), ("e", "NA"), ("f", "1e-05"),
                    ("g", "NaN32"), ("h", "nan(ind)"), ("i", "1.5e+06"), ("j", "1e+06"),
                ])
            ),
        ] {
            let reply = try api.send("POST", "/runs/a/metadata/\(type)", type: contentType, body)
            #expect(reply.status == 201, "\(reply.text)")
            let read = try api.send("GET", "/runs/a/metadata/\(type)").json
            func value(_ name: String) -> JSONValue? { type == "metrics" ? read[name]?.array?.first : read[name] }
            #expect(value("a") == 0.5 && value("b") == "NaN" && value("c") == "-Inf" && value("d") == 1)
            #expect(value("e") ?? .null == .null)
            #expect(value("f")?.number?.double == 1e-5 && value("g") == "NaN" && value("h") == "NaN")
            #expect(value("i")?.number?.text == "1.5e+06" && value("j")?.number?.text == "1e+06")
        }
    }

    /// The plus sign of a number is no space, that of a text is one.
    @Test func exponentsInFormsAreNumbers() throws {
        try api.send(
            "POST", "/runs/a/metadata/flags", type: "application/x-www-form-urlencoded",
            "a=1e+06&b=see+06&c=1e+x&d=2E+3")
        #expect(try api.send("GET", "/runs/a/metadata/flags").text.contains("\"a\": 1e+06,"))
        let flags = try api.send("GET", "/runs/a/metadata/flags").json
        #expect(flags["b"] == "see 06" && flags["c"] == "1e x" && flags["d"]?.number?.double == 2000)
    }

    /// JSON whose quotes a shell has left around it, or has taken away, is no form.
    @Test(
        arguments: [
            #"'{"lr":0.1}'"#, "'{lr:", #"'{"url":"x?a=b&c=d"}'"#, #"'[{"lr":0.1}]'"#, #""{\"lr\":0.1}""#,
            #""{lr:0.1}""#,
            "{lr:0.1}", "{ url:x?a=b}",
        ])
    func jsonThatAShellHasSpoiledIsRefusedWithTheCure(body: String) throws {
        for type in ["flags", "properties", "metrics", "evaluation", "error"] {
            let reply = try api.send(
                "POST", "/runs/a/metadata/\(type)", type: "application/x-www-form-urlencoded", body)
            #expect(reply.status == 422 && reply.text.contains("-d @file"), "\(type) \(body): \(reply.text)")
        }
        #expect(api.file("flags.json", of: "a") == nil)
    }

    @Test(arguments: ["gzip", "x-gzip", "GZIP"])
    func gzippedBodyIsUnpacked(coding: String) throws {
        // {"lr":0.1}
        let packed = [UInt8](try #require(Data(base64Encoded: "H4sIAAAAAAACA6tWyilSsjLQM6wFAKhVczYKAAAA")))
        let reply = try api.client()
            .send(
                "POST", "/runs/a/metadata/flags", type: "application/json", headers: [("Content-Encoding", coding)],
                body: packed)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(api.file("flags.json", of: "a") == "{\n  \"lr\": 0.1\n}\n")
    }

    @Test(
        arguments: [
            ("application/json", #"[{"step":1,"loss":0.5},{"step":2,"loss":NaN}]"#),
            ("application/json", #"{"step":[1,2],"loss":[0.5,"NaN"]}"#),
            ("application/x-ndjson", "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":NaN}\n"),
            ("application/jsonl", "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":\"NaN\"}"),
            ("text/csv", "step,loss\n1,0.5\n2,NaN\n"),
            ("text/csv; header=present", "\"step\",\"loss\"\r\n2,NaN\r\n1,0.5\r\n"),
        ])
    func metricsMayComeInAnyForm(type: String, body: String) throws {
        #expect(try api.send("POST", "/runs/a/metadata/metrics", type: type, body).status == 201)
        let read = try api.send("GET", "/runs/a/metadata/metrics")
        #expect(read.text == "{\n  \"step\": [1, 2],\n  \"loss\": [0.5, \"NaN\"]\n}\n")
    }

    @Test func bodyThatIsReadOnAWorkerIsWrittenToo() throws {
        let flags = (0..<9000).map { "\"flag\($0)\":\($0)" }.joined(separator: ",")
        #expect(try api.send("POST", "/runs/a/metadata/flags", type: "application/json", "{\(flags)}").status == 201)
        #expect(api.file("flags.json", of: "a")?.contains("\"flag8999\": 8999") == true)
    }

    @Test func rowsOfOneConnectionLandInTheirOrder() throws {
        let client = try api.client()
        let requests = (1...200).flatMap { step in
            HTTPClient.request(
                "POST", "/runs/a/metadata/metrics", body: Array("{\"step\":\(step),\"loss\":\(step)}".utf8))
        }
        try client.write(requests)
        for _ in 1...200 { #expect(try client.read().status == 201) }
        let steps = try api.send("GET", "/runs/a/metadata/metrics").json["step"]?.array?.compactMap { $0.number?.int }
        #expect(steps == Array(1...200))
    }

    @Test func listShowsWhatIsThere() throws {
        try api.send("POST", "/runs/a/metadata/metrics", "loss=1")
        try api.send("POST", "/runs/a/metadata/customnotes", #"{"a":1}"#)
        let reply = try api.send("GET", "/runs/a/metadata")
        #expect(reply.status == 200)
        #expect(
            try reply.json == [
                "run": "a",
                "metadata": [
                    ["type": "properties", "href": "/runs/a/metadata/properties"],
                    ["type": "metrics", "href": "/runs/a/metadata/metrics"],
                    ["type": "customnotes", "href": "/runs/a/metadata/customnotes"],
                ],
            ])
    }

    @Test func metadataOfAPendingRunIsKeptAndReadable() throws {
        let reply = try api.send("POST", "/runs/p/metadata/flags", "lr=0.1")
        #expect(reply.status == 202)
        #expect(reply.headers["content-type"] == "application/json")
        #expect(try reply.json["status"]?.string == "pending")
        #expect(try reply.json["detail"]?.string?.contains("PUT /runs/p") == true)
        #expect(try api.send("GET", "/runs/p/metadata/flags").text == "{\n  \"lr\": 0.1\n}\n")
    }
}

/// A form with the boundary `BB`.
func multipart(_ fields: [(String, String)], file: Bool = false) -> String {
    fields.map { name, value in
        let disposition = file ? "name=\"file\"; filename=\"\(name)\"" : "name=\"\(name)\""
        return "--BB\r\nContent-Disposition: form-data; \(disposition)\r\n\r\n\(value)\r\n"
    }.joined() + "--BB--\r\n"
}
