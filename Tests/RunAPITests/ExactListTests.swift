import JSON
import RunMetadata
import TestSupport
import Testing

/// What is sent is what is returned, and tfruns can read what is on the disk, whatever that was.
@Suite struct ExactListTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    private var reader: TfrunsReader { TfrunsReader(runs: "\(api.folder.path)/runs") }

    private func text(_ object: JSONObject) -> String {
        String(decoding: JSONWriter.compact(.object(object)), as: UTF8.self)
    }

    /// An evaluation's value as it is returned.
    private static func returned(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool, .number: return value
        case .string(let text):
            let spelling = text.lowercased()
            if text == "NA" { return nil }
            if spelling.hasSuffix("nan") { return "NaN" }
            return spelling.hasPrefix("-") ? "-Inf" : "Inf"
        case .array(let elements):
            let all = elements.map(returned)
            return all.count == 1 ? all[0] : .array(all)
        case .object(let object): return .object(returned(object))
        }
    }

    private static func returned(_ list: JSONObject) -> JSONObject {
        JSONObject(list.members.map { ($0.name, returned($0.value)) })
    }

    @Test(arguments: UInt64(1)...8)
    func generatedListsAreReturnedAsSentAndReadByTfruns(seed: UInt64) throws {
        var made = GeneratedList(seed: seed)
        let client = try api.client()
        for number in 0..<25 {
            let run = "/runs/\(seed)-\(number)"
            let (flags, evaluation, properties) = (made.flags(), made.evaluation(), made.properties())
            let start: JSONObject = ["flags": .object(flags), "properties": .object(properties), "script": ["train.R"]]
            #expect(try client.send("PUT", run, type: "application/json", text: text(start)).status == 201)
            #expect(try client.send("GET", "\(run)/metadata/flags").json == .object(flags), "\(text(flags))")

            let list = try client.send("POST", "\(run)/metadata/evaluation", text: text(evaluation))
            #expect(list.status == 201, "\(list.text) \(text(evaluation))")
            #expect(
                try client.send("GET", "\(run)/metadata/evaluation").json == .object(Self.returned(evaluation)),
                "\(text(evaluation))")

            let patch = made.flags()
            let merged = flags.merging(patch: patch)
            let reply = try client.send("PATCH", "\(run)/metadata/flags", type: "application/json", text: text(patch))
            #expect(try reply.json == .object(merged), "\(text(flags)) \(text(patch))")
            #expect(try client.send("GET", "\(run)/metadata/flags").json == .object(merged), "\(text(merged))")

            if made.pick([true, false]) {
                let error = made.error()
                let reply = try client.send("POST", "\(run)/metadata/error", text: text(error))
                #expect(reply.status == 201, "\(reply.text)")
                let stored = try client.send("GET", "\(run)/metadata/error").json
                for member in error.members where member.name.hasPrefix("x") {
                    #expect(stored[member.name] == member.value, "\(text(error))")
                }
            }
            let row = try #require(try client.send("GET", run).json.object)
            #expect(row["run"] == .string("\(seed)-\(number)"))
            #expect(RunStatus(rawValue: row["status"]?.string ?? "") != nil)
            #expect(row["start"]?.number != nil && row["updated"]?.number != nil && row["links"]?.object != nil)
        }
        _ = try reader.list()
    }

    private func exact(_ run: String, _ type: String = "flags") throws -> String {
        String(decoding: JSONWriter.compact(try api.send("GET", "/runs/\(run)/metadata/\(type)").json), as: UTF8.self)
    }

    @Test func theExactListGoesWithTheListThatItIsOf() throws {
        try api.send("PUT", "/runs/a")
        #expect(try api.send("POST", "/runs/a/metadata/flags", #"{"lr":[0.20],"off":null}"#).status == 201)
        #expect(api.file("flags.json", of: "a") == "{\n  \"lr\": 0.20\n}\n")
        #expect(api.file("sent/flags.json", of: "a") == "{\n  \"lr\": [0.20],\n  \"off\": null\n}\n")
        #expect(try exact("a") == #"{"lr":[0.20],"off":null}"#)
        #expect(try api.send("GET", "/runs/a").json["flag_lr"]?.number?.text == "0.20")
        #expect(try api.send("GET", "/runs/a/files/tfruns.d/flags.json").text == "{\n  \"lr\": 0.20\n}\n")

        #expect(try api.send("POST", "/runs/a/metadata/flags", #"{"lr":0.20}"#).status == 201)
        #expect(api.file("sent/flags.json", of: "a") == nil)
        #expect(try exact("a") == #"{"lr":0.20}"#)
    }

    /// R writes the file while the server runs, or while it does not.
    @Test(arguments: ["{\n  \"lr\": 0.3\n}\n", "{\"lr\": 0.20}", "{}"])
    func whatSomethingElseWroteSinceIsTheNewerTruth(text: String) throws {
        try api.send("PUT", "/runs/a", type: "application/json", #"{"flags":{"lr":[0.20],"off":null}}"#)
        #expect(try exact("a") == #"{"lr":[0.20],"off":null}"#)
        api.folder.write("runs/a/tfruns.d/flags.json", text)
        #expect(try api.send("GET", "/runs/a/metadata/flags").text == text)
        let reply = try api.send("PATCH", "/runs/a/metadata/flags", type: "application/json", #"{"x":[1]}"#)
        var expected = try #require(try JSONValue.parse(text).object)
        expected["x"] = [1]
        #expect(try reply.json == .object(expected))
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == .object(expected))
        _ = try reader.list()
    }

    @Test func whatWaitsForItsRunIsKeptExactly() throws {
        #expect(try api.send("POST", "/runs/p/metadata/flags", #"{"lr":[0.2]}"#).status == 202)
        #expect(try api.send("POST", "/runs/active/metadata/evaluation", #"{"acc":[1,null]}"#).status == 202)
        #expect(try api.send("PUT", "/runs/p").status == 201)
        #expect(try exact("p") == #"{"lr":[0.2]}"#)
        #expect(try exact("p", "evaluation") == #"{"acc":[1,null]}"#)
        _ = try reader.list()
    }

    /// What waits for the session takes the place of what waits for the run, with its exact list or without.
    @Test(arguments: [#"{"lr":0.2}"#, #"{"lr":[[0.2]]}"#])
    func aListThatIsTakenOverBringsItsExactListAlong(later: String) throws {
        #expect(try api.send("POST", "/runs/p/metadata/flags", #"{"lr":[0.2]}"#).status == 202)
        #expect(try api.send("POST", "/runs/active/metadata/flags", later).status == 202)
        #expect(try api.send("PUT", "/runs/p").status == 201)
        #expect(try exact("p") == later)
        #expect(try api.send("POST", "/runs/active/complete").status == 200)

        #expect(try api.send("POST", "/runs/active/metadata/flags", #"{"lr":[0.2]}"#).status == 202)
        #expect(try api.send("PUT", "/runs/q", type: "application/json", "{\"flags\":\(later)}").status == 201)
        #expect(try exact("q") == later)
    }

    @Test func whatHasThePlaceOfAnExactListIsLetBe() throws {
        try api.send("PUT", "/runs/a")
        api.folder.write("runs/a/tfruns.d/sent", "mine")
        #expect(try api.send("POST", "/runs/a/metadata/flags", #"{"lr":0.2}"#).status == 201)
        #expect(try exact("a") == #"{"lr":0.2}"#)
        #expect(try api.send("POST", "/runs/a/metadata/flags", #"{"lr":[0.3]}"#).status == 409)
        #expect(try exact("a") == #"{"lr":0.2}"#)
        #expect(api.file("sent", of: "a") == "mine")
    }

    /// A commit, or what else only looks like a number, is the text that it is; JSON says itself what is a number.
    @Test(arguments: [
        ("80e5005", "\"80e5005\""), ("1e999", "\"1e999\""), ("-1e400", "\"-1e400\""), ("12e-5005", "\"12e-5005\""),
        ("1e308", "1e308"), ("5e-324", "5e-324"), ("0e999", "0e999"), ("007", "\"007\""), ("12e5", "12e5"),
    ])
    func aFieldBeyondADoubleIsText(field: String, value: String) throws {
        #expect(try api.send("PUT", "/runs/a").status == 201)
        #expect(try api.send("POST", "/runs/a/metadata/flags", "hash=\(field)").status == 201)
        #expect(try exact("a") == "{\"hash\":\(value)}")
        #expect(try api.send("PATCH", "/runs/a/metadata/flags", "hash=\(field)").status == 200)
        #expect(try exact("a") == "{\"hash\":\(value)}")
    }

    @Test func commitsThatLookLikeNumbersDiffer() throws {
        for (run, hash) in [("a", "80e5005"), ("b", "81e5005"), ("c", "12e-5005")] {
            #expect(try api.send("PUT", "/runs/\(run)").status == 201)
            #expect(try api.send("POST", "/runs/\(run)/metadata/flags", "hash=\(hash)").status == 201)
            #expect(try api.send("POST", "/runs/\(run)/metadata/properties", "commit=\(hash)").status == 201)
        }
        let compared = try api.send("GET", "/compare?runs=a,b,c&differing=true").json
        #expect(compared["flags"]?["hash"] == ["80e5005", "81e5005", "12e-5005"])
        for column in ["flag_hash", "commit"] {
            let listed = try api.send("GET", "/runs?where=\(column)%20==%20%2280e5005%22").json["runs"]?.array
            #expect(listed?.compactMap { $0["run"]?.string } == ["a"])
        }
    }
}
