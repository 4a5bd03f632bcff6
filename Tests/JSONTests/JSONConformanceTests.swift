import JSON
import Testing

/// The rules of JSONTestSuite, by texts of our own: what RFC 8259 allows is taken, what it forbids is refused, and what
/// it leaves open is decided here.
@Suite struct JSONConformanceTests {
    @Test(arguments: JSONText.allowed)
    func whatTheStandardAllowsIsTakenAndWrittenAgain(_ text: JSONText) throws {
        let value = try JSONValue.parse(text.bytes, nonFinite: .refused)
        #expect(try JSONValue.parse(text.bytes, nonFinite: .allowed) == value)
        for written in [JSONWriter.compact(value), JSONWriter.pretty(value)] {
            #expect(try JSONValue.parse(written, nonFinite: .refused) == value)
        }
    }

    @Test(arguments: JSONText.forbidden)
    func whatTheStandardForbidsIsRefused(_ text: JSONText) {
        let fault = #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(text.bytes, nonFinite: .refused) }
        #expect((0...text.bytes.count).contains(fault?.offset ?? -1))
        #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(text.bytes, nonFinite: .allowed) }
    }

    @Test(arguments: JSONText.nonFinite)
    func numbersThatAreNotFiniteAreForMetricsAndEvaluationOnly(_ text: JSONText) throws {
        #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(text.bytes, nonFinite: .refused) }
        #expect(try JSONValue.parse(text.bytes, nonFinite: .allowed).array?.first?.number?.isFinite == false)
    }

    @Test(arguments: JSONText.open)
    func whatTheStandardLeavesOpenIsDecided(_ text: JSONText, _ decision: JSONText.Decision) throws {
        switch decision {
        case .kept:
            // To the last digit.
            #expect(JSONWriter.compact(try JSONValue.parse(text.bytes)) == text.bytes)
        case .refused(let offset, let reason):
            #expect(throws: JSONSyntaxError(offset: offset, reason: reason)) { try JSONValue.parse(text.bytes) }
        }
    }
}
