import DirectoryStore
import RunStore
import TestSupport
import Testing

/// Documents that belong to no run, in a store of directories.
@Suite struct DocumentStoreTests {
    @Test func documentIsReplacedOnlyIfItIsWhatWasRead() throws {
        let api = try MLflowFixture.make()
        let name = try #require(DocumentName("trial"))
        #expect(try api.store.document(name) == nil)
        #expect(try !api.store.replace(name, Array("x".utf8), by: Array("1".utf8)))
        #expect(try api.store.replace(name, nil, by: Array("1".utf8)))
        #expect(try !api.store.replace(name, nil, by: Array("2".utf8)))
        #expect(try api.store.replace(name, Array("1".utf8), by: Array("2".utf8)))
        #expect(try api.store.document(name) == Array("2".utf8))
        #expect(api.folder.text("runs/.rundir/documents/trial.json") == "2")
    }

    @Test func nameIsSafe() {
        #expect(DocumentName("../x") == nil)
        #expect(DocumentName("a/b") == nil)
    }
}
