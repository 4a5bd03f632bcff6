import Foundation
import JSON
import RunMetadata
import TestSupport
import Testing

@testable import DirectoryStore
@testable import RunAPI

/// Metrics of very many columns, and files that change while they are read.
@Suite struct ManyColumnsTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    /// Whoever looks at all names for each column takes minutes for so many.
    @Test(arguments: ["points=1", "points=1&format=csv", "format=rows", "after=0", "format=ndjson&after=-1"])
    func fiftyThousandColumnsAreRead(_ query: String) throws {
        let row = "{\"epoch\":1," + (0..<50_000).map { "\"c\($0)\":\($0)" }.joined(separator: ",") + "}\n"
        api.folder.write("runs/a/tfruns.d/metrics.ndjson", row)
        let reply = try api.send("GET", "/runs/a/metrics?\(query)")
        #expect(reply.status == 200)
        #expect(reply.text.contains("c49999"))
    }

    /// Columns in groups, each part read once a group, give what columns one by one give.
    @Test func manyRowsOfSomeColumnsAreReadWhole() throws {
        var rows = ""
        for row in 0..<9000 { rows += "{\"step\":\(row),\"loss\":\(row).5,\"acc\":0.\(row)}\n" }
        rows += "{\"step\":9000,\"late\":7}\n"
        api.folder.write("runs/a/tfruns.d/metrics.ndjson", rows)
        let reply = try api.send("GET", "/runs/a/metrics?columns=loss,late,step&after=4000")
        let frame = try reply.json
        #expect(frame["loss"]?.array?.count == 5000 && frame["loss"]?.array?.first == 4001.5)
        #expect(frame["late"]?.array?.last == 7 && frame["late"]?.array?.first == .null)
        #expect(frame["step"]?.array?.last == 9000)
    }

    @Test func numbersAreReducedExactly() throws {
        try api.send("POST", "/runs/a/metadata/metrics", #"{"a":18446744073709551616}"#)
        let reply = try api.send("GET", "/runs/a/metrics?points=1")
        #expect(try reply.json["a"]?.array?.first?.number?.double == 0x1p64)
    }

    /// Names in each row that no row before had: the cost is that of the names, and not of the names times the rows.
    @Test func rowsOfNewNamesAreListedAndRead() throws {
        var rows = ""
        for row in 0..<200 {
            rows += "{" + (0..<200).map { "\"c\(row)-\($0)\":1" }.joined(separator: ",") + "}\n"
        }
        api.folder.write("runs/a/tfruns.d/metrics.ndjson", rows)
        #expect(try api.send("GET", "/runs").status == 200)
        #expect(try api.send("GET", "/runs/a").status == 200)
        #expect(try api.send("GET", "/runs/a/metrics?points=1").status == 200)
        let ready = try api.send("GET", "/ready")
        #expect(ready.status == 200 && ready.text.contains("unreadable-runs"), "\(ready.text)")
    }

    /// A line that never ends, and a file that has no end of it either.
    @Test func aFileOfManyGigabytesIsNotHeldInMemory() throws {
        let path = "\(api.folder.path)/runs/a/tfruns.d/"
        for name in ["metrics.ndjson", "flags.json", "evaluation.json", "properties/note"] {
            api.folder.write("runs/a/tfruns.d/\(name)", "{\"loss\":1}\n")
            truncate(path + name, 3 << 30)
        }
        // 503 for as long as the index is built, which reads the rows to their end.
        #expect(eventually { (try? api.send("GET", "/runs").json["runs"]?.array?.count) == 1 })
        #expect(try api.send("GET", "/runs/a/metrics?points=1").status == 200)
        #expect(try api.send("GET", "/runs/a/metadata/metrics").status == 507)
        #expect(try api.send("GET", "/ready").text.contains("unreadable-runs"))
    }
}
