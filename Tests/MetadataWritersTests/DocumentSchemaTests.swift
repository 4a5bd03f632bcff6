import RunMetadata
import Testing

@testable import MetadataWriters

/// Documents that are hard to check: what a schema asks for takes no more than the document's length.
@Suite struct DocumentSchemaTests {
    /// Fails by ending the process where an expression is matched by a function that calls itself for each character.
    @Test(arguments: [#"^(a|b)*$"#, #"^.*$"#, #"^[^x]+$"#])
    func longTextIsMatchedWithAPattern(pattern: String) throws {
        let schema = try DocumentSchema(Array(#"{"type":"string","pattern":"\#(pattern)"}"#.utf8))
        let text = String(repeating: "ab", count: 100_000)
        try schema.check(Array("\"\(text)\"".utf8), "text")
        #expect(throws: MetadataFault.self) { try schema.check(Array("\"\(text)x\n\"".utf8), "text") }
    }

    /// Fails where it is tried in all ways in which it could be.
    @Test func patternThatCanMatchInManyWaysIsMatchedInOne() throws {
        let schema = try DocumentSchema(Array(#"{"type":"string","pattern":"^(a+)+$"}"#.utf8))
        #expect(throws: MetadataFault.self) {
            try schema.check(Array("\"\(String(repeating: "a", count: 200))b\"".utf8), "text")
        }
    }

    @Test func longNumberIsNoDateAndLongNameMatchesNoPattern() throws {
        let date = try DocumentSchema(Array(#"{"type":"string","format":"date"}"#.utf8))
        #expect(throws: MetadataFault.self) {
            try date.check(Array("\"\(String(repeating: "1", count: 1_000_000))\"".utf8), "text")
        }
        let names = try DocumentSchema(Array(#"{"patternProperties":{"^(a|b)*$":{"type":"number"}}}"#.utf8))
        try names.check(Array(#"{"ab":1}"#.utf8), "list")
        #expect(throws: MetadataFault.self) {
            try names.check(Array("{\"\(String(repeating: "ab", count: 500_000))\":1}".utf8), "list")
        }
    }

    @Test func elementsOfALongArrayAreNotComparedWithEachOther() throws {
        let schema = try DocumentSchema(Array(#"{"type":"array","uniqueItems":true}"#.utf8))
        try schema.check(Array("[\((0..<500).map { "\($0)" }.joined(separator: ","))]".utf8), "list")
        #expect(throws: MetadataFault.self) { try schema.check(Array("[1,1]".utf8), "list") }
        let fault = #expect(throws: MetadataFault.self) {
            try schema.check(Array("[\((0..<200_000).map { "\($0)" }.joined(separator: ","))]".utf8), "list")
        }
        #expect(fault?.detail.contains("too long") == true)
    }

    @Test func documentOfManyFaultsIsRefusedByTheFirst() throws {
        let schema = try DocumentSchema(Array(#"{"type":"array","items":{"type":"string"}}"#.utf8))
        let fault = #expect(throws: MetadataFault.self) {
            try schema.check(Array(("[" + String(repeating: "1,", count: 500_000) + "1]").utf8), "list")
        }
        #expect(fault?.detail.contains("only for documents of up to 64 KiB") == true)
    }

    /// Fails by ending the process, some of them where the schema is read, others where a document is checked.
    @Test(arguments: [
        ##"{"$ref":"#"}"##, ##"{"allOf":[{"$ref":"#"}]}"##, ##"{"not":{"$ref":"#"}}"##,
        ##"{"anyOf":[{"oneOf":[{"$ref":"#/"}]}]}"##,
        ##"{"if":{"$ref":"#"},"then":{}}"##, ##"{"dependencies":{"a":{"$ref":"#"}}}"##,
        ##"{"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}"##,
        ##"{"properties":{"x":{"$ref":"#/definitions/a"}},"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},"b":{"allOf":[{"$ref":"#/definitions/a"}]}}}"##,
        ##"{"definitions":{"a b":{"allOf":[{"$ref":"#/definitions/a%20b"}]}}}"##,
    ])
    func schemaThatAppliesItselfWithoutEndIsRefused(schema: String) {
        #expect(throws: DocumentSchema.Failure.self) {
            try DocumentSchema(Array(schema.utf8)).check(Array(#"{"a":1,"x":1}"#.utf8), "document")
        }
    }

    @Test func longChainOfReferencesIsRefused() {
        let chain = (0..<20_000).map { "\"d\($0)\":{\"$ref\":\"#/definitions/d\($0 + 1)\"}" }.joined(separator: ",")
        let schema = "{\"definitions\":{\(chain),\"d20000\":{}},\"items\":{\"$ref\":\"#/definitions/d0\"}}"
        #expect(throws: DocumentSchema.Failure.self) { try DocumentSchema(Array(schema.utf8)) }
    }

    /// A tree: each level is a smaller value.
    @Test func schemaThatContainsItselfIsApplied() throws {
        let tree =
            ##"{"type":"object","properties":{"of":{"$ref":"#"},"all":{"items":{"allOf":[{"$ref":"#"}]}}},"required":["n"]}"##
        let schema = try DocumentSchema(Array(tree.utf8))
        try schema.check(Array(#"{"n":1,"of":{"n":2,"all":[{"n":3}]}}"#.utf8), "tree")
        #expect(throws: MetadataFault.self) {
            try schema.check(Array(#"{"n":1,"of":{"n":2,"all":[{}]}}"#.utf8), "tree")
        }
    }
}
