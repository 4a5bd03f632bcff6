internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Rows, points and series of metrics.
    static let metricsReads = [
        StoreClaim("rows are told merged and in order, each number as it was sent") { harness in
            let store = harness.store
            try store.initialise(.one)
            #expect(try store.lines() == nil)
            try store.rows(.one, #"{"step":2,"loss":0.50}"#, #"{"step":1,"loss":1e2,"_time":5}"#)
            try store.rows(.one, #"{"step":2,"acc":"NaN"}"#)
            #expect(
                try store.lines() == [#"{"step":1,"loss":1e2}"#, #"{"step":2,"loss":0.50,"acc":"NaN"}"#])
            try store.change(.one, .frame(Array(#"{"b":[3,null,4.0]}"#.utf8)))
            #expect(try store.lines() == [#"{"b":3}"#, "{}", #"{"b":4.0}"#])
            #expect(try store.metrics(MetricsSelection(), of: .two, while: { true }) == nil)
        },
        StoreClaim("columns are told as they are asked for") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"epoch":1,"loss":0.5,"acc":1,"_time":7}"#, #"{"epoch":2,"loss":0.25}"#)
            let metrics = try store.metrics(.make(columns: ["acc", "epoch", "_time"]), of: .one, while: { true })
            #expect(metrics?.columns == ["acc", "epoch", "_time"])
            #expect(
                try store.lines(.make(columns: ["acc", "epoch", "_time"])) == [
                    #"{"acc":1,"epoch":1,"_time":7}"#, #"{"epoch":2}"#,
                ])
            #expect(throws: StoreError.unknownColumn("lost", known: ["epoch", "loss", "acc"])) {
                try store.lines(.make(columns: ["loss", "lost"]))
            }
        },
        StoreClaim("rows behind a value of the axis are told") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"step":10,"a":1}"#, #"{"step":20,"a":2}"#, #"{"step":30,"a":3}"#)
            #expect(try store.lines(.make(after: "10")) == [#"{"step":20,"a":2}"#, #"{"step":30,"a":3}"#])
            #expect(try store.lines(.make(after: "25.5")) == [#"{"step":30,"a":3}"#])
            #expect(try store.lines(.make(after: "30")) == [])
            try store.rows(.one, #"{"step":15,"a":4}"#)
            #expect(
                try store.lines(.make(after: "10")) == [
                    #"{"step":15,"a":4}"#, #"{"step":20,"a":2}"#, #"{"step":30,"a":3}"#,
                ])
        },
        StoreClaim("many rows are told in parts, with nothing lost between them") { harness in
            let store = harness.store
            try store.initialise(.one)
            let rows = (0..<10_000).map { #"{"step":\#($0),"loss":\#($0 % 7).5}"# }
            try store.write(.run(.one), .change([.rows(try .make(rows))]))
            #expect(try store.lines() == rows)
            #expect(try store.lines(.make(after: "4999")) == Array(rows[5000...]))
            let metrics = try #require(try store.metrics(MetricsSelection(), of: .one, while: { true }))
            #expect(metrics.rowCount >= 10_000)
        },
        StoreClaim("points keep the least and the greatest values") { harness in
            let store = harness.store
            try store.initialise(.one)
            let rows = (0..<1000).map { row in
                #"{"step":\#(row),"loss":\#(row == 321 ? 99 : row == 777 ? -99 : row % 7)}"#
            }
            try store.write(.run(.one), .change([.rows(try .make(rows))]))
            let told = try #require(try store.lines(.make(points: 10)))
            #expect(told.count < 100)
            #expect(told.contains(#"{"step":321,"loss":99}"#) && told.contains(#"{"step":777,"loss":-99}"#))
            #expect(told == rows.filter(told.contains), "in order")
            let later = try #require(try store.lines(.make(after: "500", points: 10)))
            #expect(later.contains(#"{"step":777,"loss":-99}"#) && !later.contains(#"{"step":321,"loss":99}"#))
            let points = try store.metrics(.make(points: 10), of: .one, while: { true })
            #expect(points != nil && points?.version == nil)
            let all = try store.metrics(.make(points: 1000), of: .one, while: { true })
            #expect(all?.version != nil, "nothing is left out")
            #expect(try store.lines(.make(points: 1000)) == rows)
        },
        StoreClaim("the version of metrics tells whether they are the same") { harness in
            let store = harness.store
            try store.initialise(.one)
            func version() throws -> BlobVersion? {
                try store.metrics(MetricsSelection(), of: .one, while: { true })?.version
            }
            try store.rows(.one, #"{"a":1}"#)
            let first = try #require(try version())
            #expect(try version() == first)
            let opened = try #require(try store.metrics(MetricsSelection(), of: .one, while: { true }))
            try store.rows(.one, #"{"a":2}"#)
            let second = try #require(try version())
            #expect(second != first)
            try store.change(.one, .frame(Array(#"{"b":[3]}"#.utf8)))
            let third = try version()
            #expect(third != nil && third != second && third != first)
            #expect(try opened.lines() == [#"{"a":1}"#], "what was opened stays what it was")
        },
        StoreClaim("series stand over the axis that is asked for, ascending") { harness in
            let store = harness.store
            try store.initialise(.one, properties: [(.start, "100")])
            try store.rows(
                .one, #"{"step":10,"loss":4,"_time":110}"#, #"{"step":20,"loss":2.50,"_time":112.5}"#,
                #"{"step":5,"loss":8,"acc":"-Inf","_time":120}"#)
            #expect(try store.series(.make(["loss"])) == ["loss step 5,10,20 8,4,2.5"])
            #expect(try store.series(.make(["loss", "none"], axis: .row)) == ["loss row 0,1,2 8,4,2.5"])
            #expect(try store.series(.make(["loss"], axis: .elapsed)) == ["loss elapsed 10,12.5,20 4,2.5,8"])
            #expect(try store.series(.make(["loss"], axis: .time)) == ["loss time 110,112.5,120 4,2.5,8"])
            #expect(try store.series(.make(["loss"], axis: .epoch)).isEmpty)
            #expect(try store.series(.make(["loss"], range: 6...10)) == ["loss step 10 4"])
            #expect(try store.series(.make(nil)) == ["loss step 5,10,20 8,4,2.5", #"acc step 5 "-Inf""#])
        },
        StoreClaim("series are reduced to points that keep the extremes") { harness in
            let store = harness.store
            try store.initialise(.one)
            let rows = (0..<1000).map { #"{"step":\#($0),"loss":\#($0 == 321 ? 99 : $0 % 7)}"# }
            try store.write(.run(.one), .change([.rows(try .make(rows))]))
            var selection = SeriesSelection()
            selection.points = 10
            let series = try #require(try store.series(selection, of: [.one], while: { true })[0].first)
            let (x, y) = (series.x.split(separator: 44), series.y.split(separator: 44))
            #expect(series.count == x.count && x.count == y.count && x.count < 100)
            #expect(zip(x, y).contains { $0.elementsEqual("321".utf8) && $1.elementsEqual("99".utf8) })
        },
        StoreClaim("series of many runs are told in their order; one that is not there is named") { harness in
            let store = harness.store
            for (run, row) in [(RunID.one, #"{"a":1}"#), (.two, #"{"a":2}"#)] {
                try store.initialise(run)
                try store.rows(run, row)
            }
            try store.initialise(.three)
            let series = try store.series(SeriesSelection(), of: [.two, .three, .one], while: { true })
            #expect(series.map { $0.map { String(decoding: $0.y, as: UTF8.self) } } == [["2"], [], ["1"]])
            let none = try #require(RunID("none"))
            #expect(throws: StoreError.unknownRuns([none])) {
                try store.series(SeriesSelection(), of: [.one, none], while: { true })
            }
        },
        StoreClaim("metrics that nobody waits for are not read") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"a":1}"#)
            #expect(throws: StoreError.abandoned) {
                try store.metrics(MetricsSelection(), of: .one, while: { false })
            }
            #expect(throws: StoreError.abandoned) {
                try store.series(SeriesSelection(), of: [.one], while: { false })
            }
        },
    ]
}

extension RunStore {
    /// Metrics of the first run, one JSON object a line; nil where it has none.
    fileprivate func lines(_ selection: MetricsSelection = MetricsSelection()) throws -> [String]? {
        try metrics(selection, of: .one, while: { true })?.lines()
    }

    /// The first run's series: the metric, the axis, where points stand, their values.
    fileprivate func series(_ selection: SeriesSelection) throws -> [String] {
        try series(selection, of: [.one], while: { true })[0].map { series in
            let texts = [series.x, series.y].map { String(decoding: $0, as: UTF8.self) }
            return "\(series.metric) \(series.axis) \(texts.joined(separator: " "))"
        }
    }
}

extension MetricsReading {
    /// The rows, one JSON object each.
    fileprivate func lines() throws -> [String] {
        var output = MetricsOutput(format: .ndjson, columns: columns)
        var text: [UInt8] = []
        for part in 0..<partCount {
            try self.part(part).withRows { frame, rows in
                let indices = columns.map { frame.column(named: $0) }
                for row in rows { output.append(row: row, of: frame, columns: indices, to: &text) }
            }
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

extension MetricsSelection {
    fileprivate static func make(
        columns: [String]? = nil, after: String? = nil, points: Int? = nil
    ) -> MetricsSelection {
        var selection = MetricsSelection()
        (selection.columns, selection.points) = (columns?.map { ExactText($0) }, points)
        selection.after = after.flatMap { MetricsAxisValue($0) }
        return selection
    }
}

extension SeriesSelection {
    fileprivate static func make(
        _ metrics: [String]?, axis: MetricsAxis? = nil, range: ClosedRange<Double>? = nil
    ) -> SeriesSelection {
        var selection = SeriesSelection()
        (selection.metrics, selection.axis, selection.range) = (metrics?.map { ExactText($0) }, axis, range)
        return selection
    }
}
