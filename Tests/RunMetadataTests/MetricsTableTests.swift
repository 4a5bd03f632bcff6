import Foundation
import JSON
import TestSupport
import Testing

@testable import RunMetadata

/// The metrics as numbers, against the frame that keeps their text.
@Suite struct MetricsTableTests {
    private func table(_ text: String, splitAt split: Int? = nil) -> MetricsTable {
        let table = MetricsTable()
        let bytes = Array(text.utf8)
        if let split { bytes[..<split].withUnsafeBytes { _ = table.append($0) } }
        bytes[table.covered...].withUnsafeBytes { _ = table.append($0) }
        return table
    }

    /// All values as a matrix of JSON text, ordered, through the output that both use.
    private func csv(_ table: MetricsTable) -> String {
        let all = Array(table.columns.indices)
        let rows = table.order.positions(after: nil)
        let output = MetricsOutput(format: .csv, columns: table.columns.map(\.name))
        return String(decoding: output.text(rows: rows, of: table, columns: all), as: UTF8.self)
    }

    private func csv(frameOf text: String) -> String {
        Array(text.utf8).withUnsafeBytes { bytes in
            let frame = MetricsFrame(rows: bytes)
            let output = MetricsOutput(format: .csv, columns: frame.columns.map(\.name))
            let rows = output.text(
                rows: frame.order.positions(after: nil), of: frame, columns: Array(frame.columns.indices))
            return String(decoding: rows, as: UTF8.self)
        }
    }

    @Test(arguments: [
        "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25,\"acc\":1}\n",
        "{\"loss\":0.5}\n{\"loss\":\"NaN\"}\n{\"loss\":\"-Inf\"}\n{\"loss\":null,\"acc\":\"Inf\"}\n",
        // A later row merges, another comes out of order, a value that is missing leaves what is there.
        "{\"step\":10,\"loss\":1}\n{\"step\":30,\"loss\":3}\n{\"step\":10,\"val\":7,\"loss\":null}\n{\"step\":20,\"loss\":2}\n",
        "{\"epoch\":1,\"step\":5,\"a\":1}\n{\"epoch\":1,\"step\":6,\"a\":2}\n{\"step\":6,\"epoch\":9,\"b\":3}\n",
        // What is no plain row is read all the same; what is no row is passed over.
        "{ \"epoch\" : 1 , \"a\\u0062\" : 2 }\n{\"epoch\":2.0,\"ab\":4}\nrubbish\n\n{\"epoch\":3,\"ab\":NaN}\n{\"epoch\":",
        "{\"a\":1}\n{\"b\":2,\"a\":3}\n{\"ä\":4,\"b\":-0.5e-3}\n",
    ])
    func tableHasTheSameRowsAsTheFrame(text: String) {
        // Numbers are compared as the shortest text of their value.
        let frame = csv(frameOf: text).replacing("-0.5e-3", with: "-0.0005").replacing("2.0", with: "2")
        #expect(csv(table(text)) == frame)
        for split in stride(from: 0, to: text.utf8.count, by: 7) { #expect(csv(table(text, splitAt: split)) == frame) }
    }

    /// Rows of every kind of key, in and out of order, are the same rows at the same places.
    @Test func randomRowsAreThoseOfTheFrame() {
        var random = SeededNumbers(seed: 18)
        for _ in 0..<200 {
            var text = ""
            for number in 0..<Int.random(in: 1...40, using: &random) {
                let key = Int.random(in: 1...9, using: &random)
                let row =
                    switch Int.random(in: 0...5, using: &random) {
                    case 0: "\"step\":\(key),"
                    case 1: "\"epoch\":\(key),"
                    case 2: "\"epoch\":\(key).5,"
                    case 3: "\"step\":\(key),\"epoch\":0.\(key),"
                    case 4: "\"_frame\":\(number),\"step\":\(key),"
                    default: ""
                    }
                text += "{\(row)\"loss\":\(number),\"m\(number % 3)\":\(number)}\n"
            }
            #expect(csv(table(text)) == csv(frameOf: text), "\(text)")
        }
    }

    @Test func partsMakeTheWhole() {
        for key in [{ "\"step\":\($0),\"epoch\":0.5," }, { "\"epoch\":\($0)," }, { _ in "" }] as [(Int) -> String] {
            let text = (0..<10_000).map { "{\(key($0))\"loss\":\($0)}\n" }.joined()
            let bytes = Array(text.utf8)
            let table = table(text)
            for after in [nil, 0, 4095, 4096, 9998, 9999, 20_000].map({ $0.map { MetricsAxisValue(whole: $0) } }) {
                let losses = table.parts(after: after).flatMap { part in
                    bytes[part.range].withUnsafeBytes { bytes in
                        let frame = MetricsFrame(rows: bytes, start: part.start)
                        let loss = frame.column(named: "loss")!
                        return frame.order.positions(after: after).compactMap {
                            frame.number(frame.cell(row: $0, column: loss))?.int
                        }
                    }
                }
                #expect(losses == Array(min(10_000, (after?.whole ?? -1) + 1)..<10_000))
            }
        }
    }
}

/// Some values of each metric for all.
@Suite struct MetricsPointsTests {
    private func table(_ text: String) -> MetricsTable {
        let table = MetricsTable()
        Array(text.utf8).withUnsafeBytes { _ = table.append($0) }
        return table
    }

    /// The rows in which a column has a value that is kept.
    private func kept(_ points: MetricsPoints, _ column: Int) -> [Int] {
        points.rows.filter { row in
            var text: [UInt8] = []
            points.append(row: row, column: column, to: &text)
            return text != Array("null".utf8)
        }
    }

    @Test func eachMetricKeepsItsPeaksItsGapsAndBothEnds() {
        var text = ""
        for row in 0..<50_000 {
            let (loss, gap) = ("\(1 / Double(row + 1))", (20_000..<20_500).contains(row) ? "\"NaN\"" : "\(row % 7)")
            text += "{\"step\":\(row),\"loss\":\(row == 31_337 ? "99" : loss),\"gap\":\(gap)}\n"
        }
        let table = table(text)
        let points = MetricsPoints(400, of: table, columns: [0, 1, 2], after: nil)
        #expect(points.rows == points.rows.sorted() && Set(points.rows).count == points.rows.count)
        #expect(kept(points, 0) == points.rows, "the key is told of each row")
        for column in [1, 2] {
            let rows = kept(points, column)
            #expect((200...420).contains(rows.count))
            #expect(rows.first == 0 && rows.last == 49_999)
        }
        #expect(kept(points, 1).contains(31_337), "the peak")
        #expect(kept(points, 2).contains(20_000) && kept(points, 2).contains(20_499), "where the gap begins and ends")
        let later = MetricsPoints(400, of: table, columns: [0, 1], after: MetricsAxisValue(whole: 40_000))
        #expect(later.rows.first == 40_001 && later.rows.last == 49_999)
        let few = MetricsPoints(400, of: table, columns: [0, 1, 2], after: MetricsAxisValue(whole: 49_990))
        #expect(few.rows == Array(49_991..<50_000), "few are all kept")
    }

    /// Fails when metrics share their points: of many columns each then has a few.
    @Test(arguments: [1, 20, 200])
    func howManyPointsAMetricHasDoesNotGoByTheOthers(columns: Int) {
        let text = (0..<3000).map { row in
            "{\"step\":\(row),"
                + (0..<columns).map { "\"m\($0)\":\((row * 7919 + $0 * 104_729) % 1009)" }.joined(separator: ",")
                + "}\n"
        }.joined()
        let table = table(text)
        let points = MetricsPoints(500, of: table, columns: Array(0...columns), after: nil)
        for column in [1, columns] { #expect((450...510).contains(kept(points, column).count)) }
    }

    /// A reply is made as a whole, so that it has no more values than fit.
    @Test func ofVeryManyColumnsFewerPointsAreTold() {
        let names = (0..<50_000).map { "\"c\($0)\":1" }.joined(separator: ",")
        let table = table("{\(names)}\n" + (0..<200).map { "{\"c0\":\($0)}\n" }.joined())
        let few = MetricsPoints(200, of: table, columns: Array(0..<50_000), after: nil)
        #expect(few.rows.count < 100 && few.rows.first == 0 && few.rows.last == 200)
        #expect(kept(MetricsPoints(200, of: table, columns: Array(0..<100), after: nil), 0).count > 190)
    }

    @Test func sparseMetricsAreKept() {
        let text = (0..<20_000).map { "{\"step\":\($0),\"m\($0 % 500)\":\($0)}\n" }.joined()
        let table = table(text)
        let points = MetricsPoints(10, of: table, columns: table.shownColumns, after: nil)
        #expect((10...14).contains(kept(points, 123).count))
        #expect(MetricsPoints.areFewer(39, than: table, columns: [123], after: nil))
        #expect(!MetricsPoints.areFewer(40, than: table, columns: [123], after: nil))
    }
}
