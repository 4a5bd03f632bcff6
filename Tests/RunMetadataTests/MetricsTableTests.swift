import Foundation
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
        let rows = table.points(.max, columns: all, after: nil)
        let output = MetricsOutput(format: .csv, columns: table.columnNames)
        return String(decoding: output.text(rows: rows, of: table, columns: all), as: UTF8.self)
    }

    private func csv(frameOf text: String) -> String {
        Array(text.utf8).withUnsafeBytes { bytes in
            let frame = MetricsFrame(rows: bytes)
            let output = MetricsOutput(format: .csv, columns: frame.columns.map(\.name))
            let rows = output.text(rows: frame.rows(after: nil), of: frame, columns: Array(frame.columns.indices))
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

    /// A reply is made as a whole, so that it has no more values than fit.
    @Test func ofVeryManyColumnsFewerPointsAreTold() {
        let names = (0..<50_000).map { "\"c\($0)\":1" }.joined(separator: ",")
        let table = table("{\(names)}\n" + (0..<200).map { "{\"c0\":\($0)}\n" }.joined())
        let few = table.points(201, columns: Array(0..<50_000), after: nil)
        #expect(few.count < 100 && few.first == 0 && few.last == 200)
        #expect(table.points(201, columns: Array(0..<100), after: nil).count == 201)
    }

    @Test func pointsKeepEveryPeakEveryGapAndBothEnds() {
        var text = ""
        for row in 0..<50_000 {
            let (loss, gap) = ("\(1 / Double(row + 1))", (20_000..<20_500).contains(row) ? "\"NaN\"" : "\(row % 7)")
            text += "{\"step\":\(row),\"loss\":\(row == 31_337 ? "99" : loss),\"gap\":\(gap)}\n"
        }
        let table = table(text)
        let points = table.points(400, columns: [0, 1, 2], after: nil)
        #expect(points == points.sorted() && Set(points).count == points.count)
        #expect((200...800).contains(points.count))
        #expect(points.first == 0 && points.last == 49_999)
        #expect(points.contains(31_337), "the peak")
        #expect(points.contains(20_000) && points.contains(20_499), "where the gap begins and ends")
        let later = table.points(400, columns: [0, 1], after: 40_000)
        #expect(later.first == 40_001 && later.last == 49_999)
        #expect(table.points(400, columns: [0, 1, 2], after: 49_990) == Array(49_991..<50_000), "few are all kept")
    }
}
