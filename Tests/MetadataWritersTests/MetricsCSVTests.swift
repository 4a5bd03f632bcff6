import MetadataWriters
import Testing

@Suite struct MetricsCSVTests {
    private let writer = MetricsWriter()

    @Test(
        arguments: [
            ("epoch,loss\n1,0.42\n2,0.20\n", "rows 2 {\"epoch\":1,\"loss\":0.42}\n{\"epoch\":2,\"loss\":0.20}\n"),
            ("epoch,loss\r\n1,0.42\r\n", "rows 1 {\"epoch\":1,\"loss\":0.42}\n"),
            ("a\n1", "rows 1 {\"a\":1}\n"),
            ("\"epoch\",\"val \"\"x\"\", y\"\n\"1\",\"0.5\"\n", "rows 1 {\"epoch\":1,\"val \\\"x\\\", y\":0.5}\n"),
            ("a,b,c\n,NA,\"\"\n", "rows 1 {\"a\":null,\"b\":null,\"c\":null}\n"),
            (
                "a,b,c,d,e\nNaN,Inf,-Inf,Infinity,-Infinity\n",
                "rows 1 {\"a\":\"NaN\",\"b\":\"Inf\",\"c\":\"-Inf\",\"d\":\"Inf\",\"e\":\"-Inf\"}\n"
            ),
            ("a,b\n1e-7,-0.50\n", "rows 1 {\"a\":1e-7,\"b\":-0.50}\n"),
            ("a , b\n 1 , 2 \n", "rows 1 {\"a\":1,\"b\":2}\n"),
            ("step,a\n1,1\n\n2,2\n\n", "rows 2 {\"step\":1,\"a\":1}\n{\"step\":2,\"a\":2}\n"),
            ("a\n1\n2\n", "frame or 2 rows {\n  \"a\": [1, 2]\n}\n"),
            (
                "a,b,c,d,e\n.5,+1,nan,-inf,<NA>\n",
                "rows 1 {\"a\":0.5,\"b\":1,\"c\":\"NaN\",\"d\":\"-Inf\",\"e\":null}\n"
            ),
            ("a,b,c\n1.,1E+05,-0.5f-3\n", "rows 1 {\"a\":1,\"b\":1E+05,\"c\":-0.5e-3}\n"),
            ("ä\n1\n", "rows 1 {\"ä\":1}\n"),
        ])
    func linesBelowTheNamesAreRows(body: String, rows: String) throws {
        #expect(try changes(writer, .csv(Array(body.utf8))) == [rows])
    }

    @Test(
        arguments: [
            Refusal("", "shape", "no row"), Refusal("epoch,loss\n", "shape", "no row"),
            Refusal("a,b\n1\n", "shape /0", "metrics row 1: 1 fields, but the CSV has 2 columns"),
            Refusal("a\n1\n1,2\n", "shape /1", "metrics row 2: 2 fields, but the CSV has 1 columns"),
            Refusal("a,b,a\n1,2,3\n", "shape", "the column \"a\" twice"),
            Refusal("\"\",\"loss\"\n\"1\",0.5\n", "shape", "column 1 of the CSV has no name; write it"),
            Refusal("a,\n1,2\n", "shape", "column 2 of the CSV has no name"),
            Refusal("a\n1\nx\n", "shape /1/a", "metrics row 2: \"a\" is the text \"x\""),
            Refusal("a\nTRUE\n", "shape /0/a", "the text \"TRUE\""),
            Refusal("step\n1.5\n", "shape /0/step", "whole number"),
            Refusal("step;loss\n1;0,5\n", "shape", "separated by \";\""),
            Refusal("step\tloss\n1\t0.5\n", "shape", "separated by tabs"),
            Refusal("step,loss1,0.52,0.4", "shape", "--data-binary"),
            Refusal("a\n1.x\n", "shape /0/a", "the text"), Refusal("a\n\"1\n", "syntax", "quote"),
            Refusal("a\n1\"2\n", "syntax", "quote"),
        ])
    func otherTablesAreRefused(refusal: Refusal) {
        // Where libcsv stops in a broken quote is its own affair.
        guard refusal.kind == "syntax" else { return refusal.check(writer) { .csv($0) } }
        let fault = #expect(throws: (any Error).self) { try changes(writer, .csv(Array(refusal.body.utf8))) }
        #expect("\(fault, default: "")".contains("quote"))
    }

    @Test func tableThatIsNotUTF8IsRefused() {
        #expect(throws: (any Error).self) { try changes(writer, .csv([97, 10, 0xFF, 10])) }
    }
}
