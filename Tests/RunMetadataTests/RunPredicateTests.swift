import RunMetadata
import Testing

/// The `where` expressions, held against what R's `subset()` does with the same.
@Suite struct RunPredicateTests {
    /// Rows a to f.
    private static let table: [String: [RunValue]] = [
        "x": [.number(1), .number(2), .missing, .number(.nan), .number(-0.5), .number(.infinity)],
        "y": [.number(2), .number(2), .number(0), .number(1), .missing, .number(3)],
        "on": [.flag(true), .flag(false), .missing, .flag(true), .flag(false), .flag(true)],
        "name": [.text("adam"), .text("sgd"), .missing, .text("10"), .text(""), .text("Adam")],
        "opt.lr": [.number(0.1), .number(1e-3), .number(5), .missing, .missing, .missing],
        "odd name": [.number(1), .missing, .missing, .missing, .missing, .missing],
        // 2026-11-01T00:00:00Z is 1793491200.
        "start": [
            .number(1_793_491_199.5), .number(1_793_491_200), .number(1_793_527_200), .missing,
            .number(1_793_577_600), .missing,
        ],
    ]

    /// The rows that an expression selects.
    private func selected(_ text: String) throws -> String {
        let predicate = try RunPredicate(text)
        let columns = try predicate.columns.map { RunColumn(try #require(Self.table[$0.name], "\($0.name)")) }
        let rows = predicate.evaluate(over: columns, rows: 6)
        return zip("abcdef", rows).filter(\.1).map { String($0.0) }.joined()
    }

    @Test(arguments: [
        // Comparisons; what is missing or NaN is not selected.
        ("x > 1", "bf"), ("x >= 1", "abf"), ("x < 1", "e"), ("x <= 1", "ae"), ("x == 2", "b"), ("x != 2", "aef"),
        ("1 < x", "bf"), ("x > y", "f"), ("x == y", "b"), ("x<-0.25", "e"), ("x == Inf", "f"), ("x == +1", "a"),
        ("x > -Inf", "abef"), ("x == NaN", ""), ("x == NA", ""), ("x > .5e0", "abf"), ("x == 2L", "b"),
        // Precedence: ! below comparisons, & above |, parentheses.
        ("!x > 1", "ae"), ("x > 1 | y == 0 & on", "bf"), ("(x > 1 | y == 0) & on", "f"), ("!(x > 1 & on)", "abe"),
        ("x > 1 && on", "f"), ("x > 1 || on", "abdf"), ("!!on", "adf"), ("(x > 1) == on", "ef"),
        // R's logic of three values.
        ("on", "adf"), ("!on", "be"), ("on | TRUE", "abcdef"), ("on & NA", ""), ("!(on & FALSE)", "abcdef"),
        ("on | NA", "adf"), ("x", "abef"), ("TRUE", "abcdef"), ("F", ""), ("NA", ""), ("!NA", ""),
        // is.na()
        ("is.na(x)", "cd"), ("!is.na(x)", "abef"), ("is.na(x > y)", "cde"), ("is.na(NA)", "abcdef"),
        // %in% knows no missing result.
        ("x %in% c(1, 2)", "ab"), ("!x %in% c(1, 2)", "cdef"), ("x %in% 1", "a"), ("x %in% c(NA)", "c"),
        ("x %in% NaN", "d"), ("x %in% c()", ""), ("name %in% c('adam', \"sgd\")", "ab"), ("on %in% TRUE", "adf"),
        // Texts.
        ("name == \"adam\"", "a"), ("name == 'sgd'", "b"), ("name > 'a'", "ab"), ("name == \"\"", "e"),
        ("name == '\\n'", ""), ("name != 'adam'", "bdef"),
        // A number and a text: as numbers where it reads as one, else as texts. A flag is 1 or 0, or TRUE or FALSE.
        ("name == 10", "d"), ("name > 9", "abdf"), ("x == '1'", "a"), ("on == 1", "adf"), ("on == 'TRUE'", "adf"),
        // Names.
        ("opt.lr < 0.5", "ab"), ("`opt.lr` < 0.5", "ab"), ("`odd name` == 1", "a"), ("  x>1\t", "bf"),
        // Regular expressions; what is missing does not match, even if negated.
        ("grepl(\"^a\", name)", "a"), ("grepl('d', name)", "abf"), ("grepl('^A', name, ignore.case = TRUE)", "af"),
        ("grepl('[0-9]+$', name)", "d"), ("grepl('\\\\d', name)", "d"), ("!grepl('a', name)", "bcde"),
        ("grepl('', name)", "abdef"), ("grepl('a.a', name, fixed = TRUE)", ""), ("grepl('.', name, fixed=T)", ""),
        ("grepl('.', name, fixed = FALSE, perl = TRUE)", "abdf"), ("grepl('^-', x)", "e"), ("grepl('TRUE', on)", "adf"),
        ("grepl('1', `odd name`) & on", "a"), ("grepl('TRUE', x > 1)", "bf"),
        ("grepl('É', name, ignore.case=TRUE)", ""),
        ("startsWith(name, 'ad')", "a"), ("startsWith(name, '')", "abdef"), ("!startsWith(name, 'ad')", "bdef"),
        ("endsWith(name, \"dam\")", "af"), ("endsWith(name, 'xadam')", ""), ("!endsWith(name, 'm')", "bde"),
        ("startsWith(y, '2')", "ab"), ("startsWith(on, 'TRUE') | endsWith(name, 'd')", "abdf"),
        // Dates beside times, which are UTC where they have no zone.
        ("start >= '2026-11-01'", "bce"), ("start > '2026-11-01'", "ce"), ("start < \"2026-11-02\"", "abc"),
        ("'2026-11-01' <= start", "bce"), ("start == '2026-11-01T10:00:00Z'", "c"),
        ("start == '2026-11-01 11:00:00+01:00'", "c"), ("start > '2026-11-01T09:59'", "ce"),
        ("start != '2026-11-01'", "ace"), ("start %in% c('2026-11-01', '2026-11-02')", "be"),
        ("start %in% '2026-11-02'", "e"), ("start > '1793491200'", "ce"), ("!(start >= '2026-11-01')", "a"),
    ])
    func anExpressionSelectsWhatItDoesInR(_ text: String, _ rows: String) throws {
        #expect(try selected(text) == rows)
    }

    @Test(arguments: [
        ("", 0, "empty"), ("x >", 3, "the end"), ("x = 1", 2, "use \"==\""), ("x > 1 y", 6, "\"y\""),
        ("(x > 1", 6, "parenthesis for the one at byte 0"), ("x > 1)", 5, "\")\""),
        ("0 < x < 1", 6, "second comparison"),
        ("x %in% y", 7, "a value"), ("x %in% c(1", 10, "a comma"), ("mean(x) > 1", 0, "no function mean"),
        ("name == 'adam", 8, "not closed"), ("'adam'", 0, "not a condition"), ("x & 'a'", 4, "not a condition"),
        ("x > 1e", 4, "not a number"), ("2nd > 1", 0, "backticks"), ("x ; y", 2, "\";\""), ("x @ 1", 2, "\"@\""),
        ("grepl('(', name)", 6, "missing )"), ("grepl('a{1000000}', name)", 6, "repetition"),
        ("grepl('(?=a)', name)", 6, "(?="), ("grepl('(a{500}){500}', name)", 6, "not understood"),
        ("grepl('\\\\pL{900}', name)", 6, "too large"),
        ("grepl(name, 'a')", 6, "a text in quotes, as in grepl"), ("grepl('a', 'b')", 11, "a column, as in grepl"),
        ("grepl('a')", 9, "a comma, as in grepl"), ("grepl('a', name, 1)", 17, "ignore.case = TRUE"),
        ("grepl('a', name, value = TRUE)", 17, "ignore.case = TRUE"), ("grepl('a', name, fixed)", 22, "\"=\""),
        ("grepl('a', name, fixed = 1)", 25, "TRUE or FALSE"),
        ("grepl('a', name, fixed = TRUE, fixed = TRUE)", 31, "there again"),
        ("grepl('a', name, fixed = TRUE, ignore.case = TRUE)", 6, "leave one out"),
        ("grepl('a', name", 15, "closing parenthesis"), ("startsWith('a', name)", 11, "a column"),
        ("endsWith(name, x)", 15, "a text in quotes"), ("startsWith(name)", 15, "a comma"),
        ("grepl('\\d', name)", 7, "backslash as \"\\\\\""), ("name == 'C:\\Users'", 11, "\"\\U\""),
        ("start > 'yesterday'", 8, "not a time"), ("start > '2026-02-30'", 8, "2026-11-24"),
        ("start %in% c('2026-11-01', 'x')", 27, "not a time"), ("'soon' < end", 0, "compare end with"),
        (Array(repeating: "grepl('a', name)", count: 21).joined(separator: "|"), 346, "20 regular expressions"),
        ("é > 1 # no", 7, "\"#\""), ("-x > 1", 1, "\"x\""), ("``", 0, "empty"), ("x > 1; DROP TABLE runs", 5, "\";\""),
        (String(repeating: "(", count: 65) + "x", 64, "64 levels"),
        (String(repeating: "!", count: 65) + "x", 64, "64 levels"),
        ("x >" + String(repeating: "-", count: 65) + "1", 67, "64 levels"),
        ("x > " + String(repeating: "-+ ", count: 20_000), 100, "64 levels"),
        ("x %in% c(1, " + String(repeating: "+", count: 65) + "1)", 76, "64 levels"),
        (String(repeating: "is.na(", count: 65), 384, "64 levels"),
        (String(repeating: "(!", count: 40), 64, "64 levels"),
        (String(repeating: "x|", count: 10_000) + "x", 20_000, "10000 entries"),
        ("x %in% c(" + String(repeating: "1,", count: 30_000) + "1)", 20_007, "10000 entries"),
        ((0...100).map { "x\($0) > 1" }.joined(separator: " & "), 990, "100 columns"),
    ])
    func whatCannotBeReadIsToldWithItsPlace(_ text: String, _ offset: Int, _ words: String) {
        do throws(RunQueryFault) {
            _ = try RunPredicate(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.parameter == "where")
            #expect(error.offset == offset)
            #expect(error.detail.contains(words), "\(error.detail)")
        }
    }

    /// The classic traps of engines that go back; and texts of other scripts.
    @Test func anExpressionIsMatchedInTimeThatGrowsWithTheText() throws {
        let text = String(repeating: "a", count: 100_000)
        let column = RunColumn([.text(text), .text(text + "b"), .text("größe"), .text("GRÖSSE 10 %")])
        for (pattern, rows) in [
            ("^(a+)+$", [true, false, false, false]), ("^(a|aa)+b$", [false, true, false, false]),
            ("(.*a){10}c", [false, false, false, false]), ("^gr.[sß]+e", [false, false, true, false]),
            ("\\\\p{Lu}{6} \\\\d+", [false, false, false, true]),
        ] {
            let predicate = try RunPredicate("grepl('\(pattern)', name)")
            #expect(predicate.evaluate(over: [column], rows: 4) == rows, "\(pattern)")
        }
    }

    @Test func aLongExpressionIsRead() throws {
        #expect(try selected(Array(repeating: "x == 1", count: 5000).joined(separator: " | ")) == "a")
    }

    /// Messages are as long as their words, whatever was sent.
    @Test(arguments: [
        String(repeating: "n", count: 60_000) + "(x)", String(repeating: "9", count: 60_000) + "e",
        "x > 'a' '" + String(repeating: "t", count: 60_000) + "'", "x " + String(repeating: "é", count: 30_000),
    ])
    func aFaultIsToldInFewWords(_ text: String) {
        do throws(RunQueryFault) {
            _ = try RunPredicate(text)
            Issue.record("it was read")
        } catch { #expect(error.detail.utf8.count < 400) }
    }

    /// Each kind of value among many: what is looked up is what would be found one by one.
    @Test func aValueIsFoundAmongManyAsAmongFew() throws {
        let many = (0..<9000).map { "\($0 + 100)" }.joined(separator: ", ")
        #expect(try selected("x %in% c(\(many), 2, NaN)") == "bd")
        #expect(try selected("name %in% c(\(many), '10', 'Adam')") == "df")
        #expect(try selected("name %in% c(\(many), 10)") == "d")
        #expect(try selected("x %in% c('1', '2.0', 'x')") == "ab")
        #expect(try selected("on %in% c(1, 'FALSE')") == "abdef")
        #expect(try selected("on %in% c('TRUE', NA)") == "acdf")
        #expect(try selected("x %in% c(TRUE, NA)") == "ac")
    }

    @Test func theColumnsAreToldOnceEachWithTheirPlaces() throws {
        let predicate = try RunPredicate("x > 1 & `odd name` < x | is.na(y)")
        #expect(
            predicate.columns == [
                RunColumnName("x", at: 0), RunColumnName("odd name", at: 8), RunColumnName("y", at: 31),
            ])
    }

    @Test func aBacktickInBackticksIsWrittenTwice() throws {
        #expect(try RunPredicate("`a``,b` > 1 & ```` < 2").columns.map(\.name) == ["a`,b", "`"])
        #expect(throws: RunQueryFault.self) { try RunPredicate("`a`b` > 1") }
        #expect(throws: RunQueryFault.self) { try RunPredicate("``` > 1") }
    }
}
