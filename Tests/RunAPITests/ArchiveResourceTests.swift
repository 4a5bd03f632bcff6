import JSON
import TestSupport
import Testing

/// Archiving, restoring and purging, one run or many.
@Suite struct ArchiveResourceTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        for (run, acc) in [("a", "0.9"), ("b", "0.4"), ("c", "0.3")] {
            #expect(try api.send("PUT", "/runs/\(run)").status == 201)
            #expect(try api.send("POST", "/runs/\(run)/metadata/evaluation", "acc=\(acc)").status == 201)
        }
    }

    private func listed(_ archived: String) throws -> [String] {
        let runs = try api.send("GET", "/runs?order=run&archived=\(archived)").json["runs"]?.array
        return runs?.compactMap { $0["run"]?.string } ?? []
    }

    private func names(_ reply: HTTPClient.Reply) throws -> [String] {
        try reply.json["runs"]?.array?.compactMap(\.string).sorted() ?? []
    }

    @Test func aRunGoesIntoTheArchiveAndComesBack() throws {
        let archived = try api.send("POST", "/runs/active/archive")
        #expect(archived.status == 200, "\(archived.text)")
        #expect(try archived.json["status"]?.string == "archived")
        #expect(api.file("evaluation.json", of: "archive/c") != nil)
        #expect(try api.send("GET", "/runs/active").slug == "unknown-run")
        #expect(try api.send("POST", "/runs/c/archive").status == 200, "it is there")
        #expect(try listed("false") == ["a", "b"])
        #expect(try listed("true") == ["c"])
        #expect(try listed("all") == ["a", "b", "c"])
        try BadRequest("POST", "/runs/c/metadata/flags", "lr=1", 409, "run-archived", "/runs/c/restore").check(api)
        let restored = try api.send("POST", "/runs/c/restore")
        #expect(restored.status == 200)
        #expect(try restored.json["status"]?.string == "running")
        #expect(try api.send("POST", "/runs/c/metadata/flags", "lr=1").status == 201)
    }

    @Test func whatIsInTheWayIsTold() throws {
        try api.send("POST", "/runs/p/metadata/flags", "lr=1")
        try BadRequest("POST", "/runs/p/archive", 409, "run-not-initialised").check(api)
        try BadRequest("POST", "/runs/none/archive", 404, "unknown-run", "\"none\"").check(api)
        try BadRequest("POST", "/runs/none/restore", 404, "unknown-run").check(api)
        try BadRequest("POST", "/runs/a/archive?dry_run=true", 400, "invalid-query").check(api)
        api.folder.write("runs/archive/a/tfruns.d/flags.json", "{}\n")
        try BadRequest("POST", "/runs/a/archive", 409, "id-taken").check(api)
        try BadRequest("POST", "/runs/a/restore", 409, "id-taken").check(api)
    }

    @Test func manyRunsAreArchivedRestoredAndPurged() throws {
        let poor = "where=eval_acc+%3C+0.5"
        let dry = try api.send("POST", "/runs/archive?\(poor)")
        #expect(dry.status == 200, "\(dry.text)")
        #expect(try dry.json["dry_run"] == true && dry.json["count"] == 2)
        #expect(try names(dry) == ["b", "c"])
        #expect(try listed("true").isEmpty, "nothing was done")
        // As curl -d sends it.
        let done = try api.send(
            "POST", "/runs/archive", type: "application/x-www-form-urlencoded", "\(poor)&dry_run=false")
        #expect(try done.json["dry_run"] == false && done.json["count"] == 2 && done.json["failed"] == nil)
        #expect(try names(done) == ["b", "c"])
        #expect(try listed("true") == ["b", "c"])
        #expect(try names(api.send("POST", "/runs/restore?where=run=='b'&dry_run=false")) == ["b"])
        #expect(try names(api.send("POST", "/runs/purge?where=TRUE")) == ["c"], "archived ones alone")
        #expect(try names(api.send("POST", "/runs/purge?where=TRUE&dry_run=false")) == ["c"])
        #expect(try listed("all") == ["a", "b"])
        #expect(try names(api.send("POST", "/runs/purge?where=TRUE&force=true&dry_run=false")) == ["a", "b"])
        #expect(try listed("all").isEmpty)
    }

    /// Fails when pending runs can be purged by their names alone, or others go with them.
    @Test func runsThatArePendingArePurgedTogether() throws {
        for run in ["p", "q"] { #expect(try api.send("POST", "/runs/\(run)/metadata/flags", "lr=1").status == 202) }
        let dry = try api.send("POST", "/runs/purge?pending=true")
        #expect(try dry.json["dry_run"] == true && names(dry) == ["p", "q"])
        #expect(try names(api.send("POST", "/runs/purge?pending=true&unchanged_for=1e12&dry_run=false")).isEmpty)
        #expect(try names(api.send("POST", "/runs/purge?pending=true&dry_run=false")) == ["p", "q"])
        #expect(try api.send("GET", "/runs/p").status == 404)
        #expect(try listed("all") == ["a", "b", "c"])
    }

    @Test func whatCouldNotBeDoneIsToldForEach() throws {
        api.folder.write("runs/archive/a/tfruns.d/flags.json", "{}\n")
        let reply = try api.send("POST", "/runs/archive?where=TRUE&dry_run=false")
        #expect(try names(reply) == ["b", "c"])
        let failed = try #require(reply.json["failed"]?.array)
        #expect(failed.count == 1 && failed[0]["run"] == "a" && failed[0]["status"] == 409)
    }

    @Test(arguments: [
        ("archive", "where is missing"), ("purge?dry_run=false", "where is missing"),
        ("archive?where=TRUE&force=true", "force"),
        ("archive?where=acc>1", "\"acc\""), ("restore?where=TRUE&dry_run=no", "true or false"),
        ("purge?where=", "empty"), ("purge?pending=true&where=TRUE", "pending=true"),
        ("purge?pending=true&unchanged_for=-1", "seconds"), ("purge?where=TRUE&unchanged_for=1", "pending=true"),
        ("archive?pending=true", "pending"),
    ])
    func manyAreNotChangedByAQuestionThatCannotBeRead(target: String, words: String) throws {
        try BadRequest("POST", "/runs/\(target)", 400, "invalid-query", words).check(api)
        #expect(try listed("all") == ["a", "b", "c"])
    }
}
