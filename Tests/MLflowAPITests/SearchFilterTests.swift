import RunMetadata
import Testing

@testable import MLflowAPI

/// MLflow's grammar of filters, and what becomes of it.
@Suite struct SearchFilterTests {
    @Test(arguments: [
        ("metrics.loss < 0.1", "`metric_loss` < 0.1"),
        ("metric.loss >= -1e-3 AND params.opt = 'adam'", "`metric_loss` >= -0.001 & `flag_opt` == \"adam\""),
        ("params.`batch size` != \"64\"", "`flag_batch size` != \"64\""),
        ("tags.mlflow.source.name = 'it\u{27}\u{27}s'", "`mlflow.source.name` == \"it's\""),
        ("tags.\"a/b\" IS NULL and tag.x is not null", "is.na(`a%2Fb`) & !is.na(`x`)"),
        ("tags.x LIKE '%y.z_'", "grepl(\"(?s)^.*y\\\\.z.$\", `x`)"),
        ("tags.x ILIKE 'A%'", "grepl(\"(?s)^A.*$\", `x`, ignore.case = TRUE)"),
        ("tags.start = 'x'", "`%73tart` == \"x\""),
        ("tags.status = 'x'", "`property_status` == \"x\""),
        ("metrics.step = 1", "`metric_%73tep` == 1.0"),
        ("attributes.start_time > 1500", "start > 1.5"),
        ("run_id IN ('a', 'b')", "run %in% c(\"a\", \"b\")"),
        ("attributes.run_id NOT IN ('a')", "!(run %in% c(\"a\"))"),
        ("user_id = 'me'", "`mlflow.user` == \"me\""),
        ("params.on = 'true'", "(`flag_on` == \"true\" | `flag_on` == TRUE)"),
        ("status = 'SCHEDULED'", "FALSE"),
        ("status = 'FAILED'", "((!is.na(error_message)))"),
    ])
    func filterBecomesCondition(_ filter: String, _ condition: String) throws {
        let text = try #require(try SearchCondition.text(SearchFilter(filter)))
        #expect(text == condition)
        // The store can read it.
        _ = try RunPredicate(text)
    }

    @Test func emptyFilterIsNoCondition() throws {
        #expect(try SearchCondition.text(SearchFilter(nil)) == nil)
        #expect(try SearchCondition.text(SearchFilter("  ")) == nil)
    }

    @Test(arguments: [
        "metrics.loss", "metrics.loss <", "metrics.loss < 'a'", "params.x = 1", "params.x < 'a'", "metrics.x LIKE 'a'",
        "metrics.x = 1 OR metrics.y = 2", "(metrics.x = 1)", "metrics.x = 1 metrics.y = 2", "colour.x = 'a'",
        "tags.x = 'a", "tags.x IN ('a')", "run_id IN ('a'", "run_id IN 'a'", "run_id IN (1)", "start_time = 'x'",
        "attributes.colour = 'x'", "metrics.x == 1", "metrics.x = 1 AND", "params. = 'a'", "status IS NULL",
        "datasets.name = 'x'", "metrics.x = 1; metrics.y = 2", "metrics.x = nan", "metrics.x = 1e999", "&",
    ])
    func brokenFilterIsRefused(_ filter: String) {
        #expect(throws: MLflowError.self) { try SearchCondition.text(SearchFilter(filter)) }
    }

    @Test func longFilterIsRefusedWithTheLimit() throws {
        let clauses = Array(repeating: "metrics.x = 1", count: 101).joined(separator: " AND ")
        let many = #expect(throws: MLflowError.self) { try SearchFilter(clauses) }
        #expect(many?.message.contains("100 conditions") == true)
        let long = #expect(throws: MLflowError.self) {
            try SearchFilter("tags.x = '" + String(repeating: "a", count: 70_000) + "'")
        }
        #expect(long?.message.contains("65536") == true)
    }

    @Test(arguments: [
        ("abc", "abc", true), ("a%", "abc", true), ("%c", "abc", true), ("%b%", "abc", true), ("a_c", "abc", true),
        ("a_", "abc", false), ("", "", true), ("%", "", true), ("_", "", false), ("%b", "abc", false),
        ("A%", "abc", false),
        ("a%b%c", "aXbXbYc", true), ("a%b%d", "aXbXbYc", false),
    ])
    func likeMatchesAsInSQL(_ pattern: String, _ text: String, _ isMatch: Bool) {
        #expect(LikePattern(pattern, ignoresCase: false).matches(text) == isMatch)
    }

    @Test(arguments: [
        ("metrics.loss DESC", "metric_loss", true), ("attributes.start_time", "start", false),
        ("params.`a b` asc", "flag_a b", false), ("tags.\"x\" desc", "x", true), ("start_time DESC", "start", true),
        ("Created", "start", false), ("run_id", "run", false),
    ])
    func orderNamesColumn(_ text: String, _ column: String, _ isDescending: Bool) throws {
        let key = try #require(try SearchCondition.order([text]).keys.first)
        #expect(key.column.name == column)
        #expect(key.isDescending == isDescending)
    }

    @Test(arguments: ["", "metrics.loss DOWN", "metrics.a, metrics.b", "metrics.a DESC ASC", "attributes.colour", "1"])
    func brokenOrderIsRefused(_ text: String) {
        #expect(throws: MLflowError.self) { try SearchCondition.order([text]) }
    }
}
