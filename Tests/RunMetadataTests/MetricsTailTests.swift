import JSON
import RunMetadata
import TestSupport
import Testing

/// The digest of rows that came in parts is that of the frame of all of them.
@Suite struct MetricsTailTests {
    @Test(arguments: [
        [#"{"loss":1}"#, #"{"loss":2}"#],
        [#"{"step":0,"loss":1}"#, #"{"step":1,"loss":"NaN"}"#, #"{"step":2,"loss":null,"acc":"Inf"}"#],
        // Late metrics of the last row; a retry; the last column grows.
        [
            #"{"epoch":1,"loss":1}"#, #"{"epoch":1,"val_loss":2}"#, #"{"epoch":1,"val_loss":3}"#,
            #"{"epoch":2,"loss":1}"#,
        ],
        // A job that runs steps again, some of them new, and one whose last value is taken back.
        [#"{"step":5,"loss":1}"#, #"{"step":9,"loss":2}"#, #"{"step":5,"loss":3}"#, #"{"step":7,"loss":4}"#],
        [#"{"step":5,"loss":1}"#, #"{"step":9,"loss":2}"#, #"{"step":9,"loss":"NaN"}"#, #"{"loss":"NA"}"#],
        [#"{"step":-3,"loss":1}"#, #"{"a":2}"#, #"no row"#, #"{"step":2.0,"a":1e3,"é\u0301":0.10}"#],
        [#"{"loss":null}"#, #"{"acc":null,"loss":1}"#, #"{"step":1,"epoch":7}"#],
        // Steps and epochs in one run.
        [
            #"{"epoch":1,"v":1}"#, #"{"epoch":2,"v":2}"#, #"{"step":5,"v":3}"#, #"{"epoch":3,"v":4}"#,
            #"{"epoch":3,"w":4}"#,
        ],
        [
            #"{"step":1,"l":1}"#, #"{"epoch":1,"v":2}"#, #"{"step":2,"l":2}"#, #"{"epoch":1,"v":3}"#,
            #"{"step":0,"v":9}"#,
        ],
        [#"{"l":1,"_time":1.0}"#, #"{"step":3,"l":2,"_time":2.0}"#, #"{"l":"NaN","_time":3.0}"#, #"{"step":2,"l":5}"#],
    ])
    func theDigestIsThatOfTheFrame(_ rows: [String]) throws {
        for cut in 0...rows.count {
            let (first, rest) = (Self.text(rows[..<cut]), Self.text(rows[cut...]))
            var tail = MetricsText.withFrame(rows: first) { $0.tail }
            // As it is when it was kept.
            var kept: [UInt8] = [7]
            tail.append(to: &kept)
            tail = try #require(MetricsTail(kept.dropFirst()))
            let isClear = Array(rest.utf8).withUnsafeBytes { tail.read($0, parser: JSONParser()) }
            let expected = MetricsText.withFrame(rows: first + rest) { $0.digest }
            if isClear { #expect(tail.digest == expected, "cut at \(cut)") }
        }
    }

    /// As R's `min()` and `max()` have them of what is finite.
    @Test(
        arguments: [
            (["3", "1", "2"], 1.0...3.0), (["null", "5", "\"NaN\""], 5...5),
            (["\"Inf\"", "1", "\"-Inf\"", "2"], 1...2),
            (["\"-Inf\""], nil), (["-1e-3", "0.10", "1e999"], -0.001...0.1), (["-0", "0"], 0...0),
            ([String(repeating: "9", count: 20), "9007199254740993"], 9_007_199_254_740_992...1e20),
        ] as [([String], ClosedRange<Double>?)])
    func theDigestHasTheLeastAndTheGreatestFiniteValue(_ values: [String], _ range: ClosedRange<Double>?) throws {
        let text = Self.text(values.map { "{\"loss\":\($0),\"_time\":7}" }[...])
        var tail = MetricsTail()
        #expect(Array(text.utf8).withUnsafeBytes { tail.read($0, parser: JSONParser()) })
        let metric = try #require(tail.digest?.metrics.first)
        #expect(metric.name == "loss" && metric.range == range)
        #expect(MetricsText.withFrame(rows: text) { $0.digest } == tail.digest)
        #expect(tail.digest?.metrics.count == 1)
    }

    @Test func aValueThatWasReplacedIsNotTheLeast() throws {
        let rows = [#"{"step":1,"loss":5}"#, #"{"step":2,"loss":1}"#, #"{"step":2,"loss":7}"#, #"{"step":3,"loss":6}"#]
        for cut in 0...rows.count {
            var tail = MetricsText.withFrame(rows: Self.text(rows[..<cut])) { $0.tail }
            #expect(Array(Self.text(rows[cut...]).utf8).withUnsafeBytes { tail.read($0, parser: JSONParser()) })
            #expect(tail.digest?.metrics.first?.range == 5...7, "cut at \(cut)")
        }
    }

    /// Whoever gives up sooner than needed reads long runs again and again.
    @Test(arguments: [
        (
            [
                #"{"step":1,"loss":1}"#, #"{"step":2,"loss":2}"#, #"{"step":2,"val_loss":2}"#,
                #"{"step":2,"val_loss":1}"#,
            ], true
        ),
        ([#"{"loss":1}"#, #"{"loss":"NaN"}"#, #"{"loss":null}"#], true),
        (
            [
                #"{"step":1,"loss":1}"#, #"{"epoch":1,"v":2}"#, #"{"epoch":1,"w":2}"#, #"{"step":2,"loss":1}"#,
                #"{"v":1}"#,
            ], true
        ),
        // The last value is sent again, whether or not it was the least.
        ([#"{"step":1,"loss":2}"#, #"{"step":2,"loss":1}"#, #"{"step":2,"loss":3}"#, #"{"step":3,"loss":2}"#], true),
        // It may take the place of the least.
        ([#"{"step":1,"a":1,"b":1}"#, #"{"step":2,"a":2}"#, #"{"step":1,"a":3}"#], false),
        ([#"{"epoch":1,"loss":1}"#, #"{"step":1,"loss":2}"#], false),
        ([#"{"step":5,"loss":1}"#, #"{"step":4,"loss":1}"#], false),
        ([#"{"step":5,"loss":1}"#, #"{"step":5,"loss":"NaN"}"#], false),
    ])
    func rowsInOrderAreReadOn(_ rows: [String], _ isClear: Bool) {
        var tail = MetricsTail()
        #expect(Array(Self.text(rows[...]).utf8).withUnsafeBytes { tail.read($0, parser: JSONParser()) } == isClear)
    }

    private static func text(_ rows: ArraySlice<String>) -> String { rows.map { $0 + "\n" }.joined() }

    /// Whatever comes, in whatever parts: where the tail says that it knows, it does.
    @Test func randomRowsInPartsHaveTheDigestOfTheFrame() {
        var random = SeededNumbers(seed: 81)
        for _ in 0..<300 {
            let rows = (0..<Int.random(in: 1...25, using: &random)).map { _ in
                let key = Int.random(in: 0...6, using: &random)
                let keys = [
                    "\"step\":\(key),", "\"epoch\":\(key),", "\"epoch\":\(key).5,", "\"step\":\(key),\"epoch\":1,", "",
                ]
                let value = ["1", "2", "3", "-4.5", "\"-Inf\"", "\"NaN\"", "null"].randomElement(using: &random)!
                return "{\(keys.randomElement(using: &random)!)\"m\(key % 2)\":\(value)}"
            }
            var tail = MetricsTail()
            for (number, row) in rows.enumerated() {
                let isClear = Array("\(row)\n".utf8).withUnsafeBytes { tail.read($0, parser: JSONParser()) }
                let text = Self.text(rows[...number])
                if !isClear { tail = MetricsText.withFrame(rows: text) { $0.tail } }
                #expect(tail.digest == MetricsText.withFrame(rows: text) { $0.digest }, "\(text)")
            }
        }
    }
}
