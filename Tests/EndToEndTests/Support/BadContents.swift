/// The rows of ERRORS.md about what a body holds. The run `there` is initialised, `stored` is archived, `none` is
/// unknown.
extension BadRequest {
    static let json: [BadRequest] = [
        BadRequest(25, "no JSON", "POST", flags, "lr: 1", status: 400) { $0.offset = 0...1 },
        BadRequest(25, "cut short", "POST", flags, #"{"lr": 1"#, status: 400) { $0.offset = 8...8 },
        BadRequest(25, "two byte order marks", "POST", flags, "\u{FEFF}\u{FEFF}{\"lr\": 1}", status: 400) {
            $0.offset = 0...3
        },
        BadRequest(25, "trailing comma", "POST", flags, #"{"lr": 1,}"#, status: 400) { $0.offset = 8...9 },
        BadRequest(25, "two documents", "POST", flags, #"{"lr": 1} {}"#, status: 400) { $0.offset = 9...10 },
        BadRequest(25, "single quotes", "POST", flags, "{'lr': 1}", status: 400) { $0.offset = 1...1 },
        BadRequest(25, "leading zero", "POST", flags, #"{"lr": 01}"#, status: 400) { $0.offset = 7...8 },
        BadRequest(25, "invalid UTF-8", "POST", flags, status: 400) {
            $0.body = Array(#"{"lr": ""#.utf8) + [0xFF] + Array(#""}"#.utf8)
            $0.offset = 7...8
        },
        BadRequest(25, "lone surrogate", "POST", flags, #"{"lr": "\ud800"}"#, status: 400) { $0.offset = 7...14 },
        BadRequest(25, "duplicate name", "POST", flags, #"{"lr": 1, "lr": 2}"#, status: 400) {
            $0.offset = 10...14
            $0.says = ["lr"]
        },
        BadRequest(25, "duplicate name by an escape", "POST", flags, #"{"lr": 1, "\u006cr": 2}"#, status: 400) {
            $0.offset = 10...19
        },
        BadRequest(25, "depth of 65", "POST", flags, nested(65), status: 400) { $0.offset = 0...400 },
        BadRequest(25, "depth of 1500", "POST", flags, String(repeating: "[", count: 1500), status: 400) {
            $0.offset = 60...66
        },
        BadRequest(25, "bad patch", "PATCH", flags, #"{"lr": }"#, status: 400) { $0.offset = 7...7 },
        BadRequest(25, "bad run", "PUT", "/runs/new", #"{"flags": {]}"#, status: 400) { $0.offset = 11...11 },
        BadRequest(25, "bad metrics", "POST", metrics, #"{"loss": nano}"#, status: 400) { $0.offset = 9...11 },
        BadRequest(25, "bad second line", "POST", metrics, "{\"loss\": 1}\n{\"loss\": x}\n", status: 400) {
            $0.type = "application/x-ndjson"
            $0.offset = 21...21
        },
        BadRequest(26, "NaN among flags", "POST", flags, #"{"lr": NaN}"#, status: 400) { $0.offset = 7...8 },
        BadRequest(26, "Infinity among properties", "POST", properties, #"{"lr": -Infinity}"#, status: 400) {
            $0.offset = 7...9
        },
        BadRequest(26, "NaN in a run's flags", "PUT", "/runs/new", #"{"flags": {"lr": NaN}}"#, status: 400) {
            $0.offset = 17...18
        },
    ]

    static let shapes: [BadRequest] = [
        BadRequest(28, "list as flags", "POST", flags, "[1]", status: 422) { $0.pointer = "" },
        BadRequest(28, "number as properties", "POST", properties, "1", status: 422) { $0.pointer = "" },
        BadRequest(28, "text as metrics", "POST", metrics, #""loss""#, status: 422) { $0.pointer = "" },
        BadRequest(28, "list of numbers as rows", "POST", metrics, #"[{"loss": 1}, 2]"#, status: 422) {
            $0.pointer = "/1"
        },
        BadRequest(28, "text as a run's flags", "PUT", "/runs/new", #"{"flags": "x"}"#, status: 422) {
            $0.pointer = "/flags"
        },
        BadRequest(28, "number as a run's script", "PUT", "/runs/new", #"{"script": 1}"#, status: 422) {
            $0.pointer = "/script"
        },
        BadRequest(28, "text as an evaluation", "POST", evaluation, #"{"acc": "good"}"#, status: 422) {
            $0.pointer = "/acc"
        },
        BadRequest(28, "list as a patch", "PATCH", flags, "[]", status: 422) { $0.pointer = "" },
        BadRequest(28, "text merged into an evaluation", "PATCH", evaluation, #"{"a/b": "x"}"#, status: 422) {
            $0.pointer = "/a~1b"
        },
        BadRequest(28, "array beside a number", "POST", metrics, #"{"loss": [1, 2], "acc": 2}"#, status: 422) {
            $0.pointer = "/acc"
        },
        BadRequest(28, "source by a wrong name", "POST", source, #"{"folder": "/tmp"}"#, status: 422) {
            $0.pointer = "/directory"
        },
        BadRequest(29, "columns that differ", "POST", metrics, #"{"loss": [1, 2, 3], "acc": [1, 2]}"#, status: 422) {
            $0.says = ["2", "3", "acc", "loss"]
        },
        BadRequest(30, "text", "POST", metrics, #"{"epoch": 3, "acc": "n/a"}"#, status: 422) {
            $0.pointer = "/acc"
            $0.says = ["n/a"]
        },
        BadRequest(30, "boolean in the third row", "POST", metrics, #"[{"a": 1}, {"a": 2}, {"a": true}]"#, status: 422)
        {
            $0.pointer = "/2/a"
            $0.says = ["row 3"]
        },
        BadRequest(30, "object", "POST", metrics, #"{"acc": {}, "b": []}"#, status: 422) { $0.pointer = "/b" },
        BadRequest(30, "array in a row", "POST", metrics, #"[{"acc": [1, 2]}]"#, status: 422) { $0.pointer = "/0/acc" },
        BadRequest(30, "text in a column", "POST", metrics, #"{"loss": [1, "high"]}"#, status: 422) {
            $0.pointer = "/loss/1"
        },
        BadRequest(30, "text in CSV", "POST", metrics, "epoch,loss\n0,1\n1,high\n", status: 422) {
            $0.type = "text/csv"
            $0.pointer = "/1/loss"
        },
        BadRequest(31, "epoch without end", "POST", metrics, #"{"epoch": Inf, "loss": 1}"#, status: 422) {
            $0.pointer = "/epoch"
        },
        BadRequest(31, "step that is NaN", "POST", metrics, #"{"step": NaN, "loss": 1}"#, status: 422) {
            $0.pointer = "/step"
        },
        BadRequest(
            31, "half a step in a column", "POST", metrics, #"{"step": [0, 0.5], "loss": [1, 2]}"#, status: 422
        ) {
            $0.pointer = "/step/1"
        },
        BadRequest(
            31, "step of 30 digits", "POST", metrics, "{\"step\": \(String(repeating: "9", count: 30))}", status: 422
        ) {
            $0.pointer = "/step"
        },
        BadRequest(32, "error without message", "POST", error, #"{"traceback": ["f()"]}"#, status: 422) {
            $0.pointer = "/message"
        },
        BadRequest(32, "error whose message is a number", "POST", error, #"{"message": 1}"#, status: 422) {
            $0.pointer = "/message"
        },
        BadRequest(35, "directory without --source-root", "POST", source, #"{"directory": "/etc"}"#, status: 403),
        BadRequest(36, "flags of an archived run", "POST", "/runs/stored/metadata/flags", "{}", status: 409),
        BadRequest(36, "row of an archived run", "POST", "/runs/stored/metadata/metrics", #"{"loss": 1}"#, status: 409),
        BadRequest(36, "patch of an archived run", "PATCH", "/runs/stored/metadata/flags", #"{"a": 1}"#, status: 409),
        BadRequest(36, "complete of an archived run", "POST", "/runs/stored/complete", "", status: 409),
        BadRequest(36, "initialise of an archived run", "PUT", "/runs/stored", status: 409),
    ]

    private static let flags = "/runs/there/metadata/flags"
    private static let properties = "/runs/there/metadata/properties"
    private static let metrics = "/runs/there/metadata/metrics"
    private static let evaluation = "/runs/there/metadata/evaluation"
    private static let error = "/runs/there/metadata/error"
    private static let source = "/runs/there/metadata/source"

    /// An object in an object and so on, so many levels.
    private static func nested(_ depth: Int) -> String {
        String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
    }
}
