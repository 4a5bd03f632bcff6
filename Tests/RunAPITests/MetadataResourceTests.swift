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
            ("application/x-www-form-urlencoded", "x=1&data=%20%7B%22lr%22:0.1,%22aug%22:true,%22opt%22:%22adam%22%7D"),
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
