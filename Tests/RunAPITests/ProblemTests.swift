import Glibc
import JSON
import Limits
import LocalFiles
import RunMetadata
import RunStore
import SystemPackage
import Testing

@testable import HTTPServer
@testable import RunAPI

/// How errors of every layer are told.
@Suite struct ProblemTests {
    private static let noSpace = StoreError(local: FileFailure("pwrite", "/srv/runs/.rundir/journal/1", errno: ENOSPC))
    private static let failed = StoreError(local: FileFailure("open", "/srv/runs/a/tfruns.d/flags.json", errno: EACCES))

    @Test(
        arguments: [
            (StoreError.unknownRun, 404, "unknown-run"), (.archived(RunID("lr-0.1")!), 409, "run-archived"),
            (.refused(.shape(JSONPointer().appending("a"), "no number")), 422, "invalid-content"),
            (.refused(MetadataFault(.name, "no name")), 400, "invalid-name"), (.overloaded, 503, "busy"),
            (.stopping, 503, "stopping"), (.readOnly("fdatasync /srv/runs/x: I/O error"), 503, "read-only"),
            (.diskFull("pwrite /srv/runs/x: no room"), 507, "disk-full"), (.behind(RunID("a")!), 503, "run-behind"),
            (noSpace, 507, "disk-full"),
            (failed, 500, "internal"), (.unreadable("flags.json is no object"), 409, "unreadable"),
            (.beingWritten(.flags), 503, "being-written"),
        ])
    func storeErrorBecomesAProblem(error: StoreError, status: Int, slug: String) {
        let problem = Problem(error as any Error)
        #expect(problem.status == status)
        #expect(problem.slug == slug)
        #expect(!problem.title.isEmpty && !problem.detail.isEmpty)
        #expect(!problem.detail.contains("/srv"), "a path: \(problem.detail)")
    }

    @Test(arguments: [(StoreError.overloaded, "1"), (.stopping, "5")])
    func whatPassesByItselfSaysWhenToTryAgain(error: StoreError, seconds: String) {
        #expect(Problem(error).headers.first { $0.name == "Retry-After" }?.value == seconds)
    }

    @Test(
        arguments: [
            (MetadataFault.Kind.syntax(offset: 7), 400, "invalid-json"),
            (.shape(JSONPointer().appending("a")), 422, "invalid-content"), (.exceeded, 422, "invalid-content"),
            (.forbidden, 403, "directory-forbidden"), (.contentType(allowed: ["a/b"]), 415, "unsupported-media-type"),
            (.name, 400, "invalid-name"),
        ])
    func metadataFaultBecomesAProblem(kind: MetadataFault.Kind, status: Int, slug: String) {
        let problem = Problem(MetadataFault(kind, "the detail"))
        #expect(problem.status == status && problem.slug == slug && problem.detail == "the detail")
        if case .syntax = kind { #expect(problem.offset == 7) }
        if case .shape = kind { #expect(problem.pointer == "/a") }
        if case .contentType = kind { #expect(problem.allowed == ["a/b"]) }
    }

    @Test(
        arguments: [
            (HTTPFault.targetTooLong(limit: 9), 414, "target-too-long"),
            (.headTooLarge(limit: 9), 431, "headers-too-large"),
            (.bodyTooLarge(limit: 9), 413, "content-too-large"), (.expectationFailed, 417, "expectation-failed"),
            (.notEncrypted, 400, "tls-required"),
            (.shuttingDown, 503, "stopping"), (.malformed(status: 400), 400, "malformed-request"),
            (.malformed(status: 413), 413, "content-too-large"), (.malformed(status: 414), 414, "target-too-long"),
            (.malformed(status: 431), 431, "headers-too-large"), (.malformed(status: 505), 505, "unsupported-version"),
            (.malformed(status: 500), 500, "internal"), (.framing(.noHost), 400, "invalid-host"),
            (.framing(.lengths), 400, "malformed-request"), (.framing(.chunkTooLarge), 413, "content-too-large"),
            (.framing(.version), 505, "unsupported-version"), (.unknownTransferCoding, 501, "unknown-transfer-coding"),
            (.tooManyConnections, 503, "busy"),
        ])
    func faultOfTheServerBecomesAProblemThatCloses(fault: HTTPFault, status: Int, slug: String) {
        let problem = Problem(fault)
        #expect(problem.status == status && problem.slug == slug && problem.closes)
    }

    @Test func otherErrorsAreTold() throws {
        #expect(Problem(GzipDecoder.Failure.invalid).slug == "invalid-gzip")
        let bytes = Problem(LimitExceeded(Limit(.bytes, most: 1, setting: "--max-body")) as any Error)
        #expect(bytes.status == 413 && bytes.slug == "content-too-large" && bytes.detail.contains("(--max-body)"))
        #expect(Problem(LimitExceeded(Limit(.entries, most: 1)) as any Error).status == 413)
        #expect(Problem(LimitExceeded(Limit(.depth, most: 1)) as any Error).status == 400)
        let busy = Problem(Reserve.Exhausted(limit: Limit(.files, most: 1)) as any Error)
        #expect(busy.status == 503 && busy.headers.contains { $0.name == "Retry-After" })
        #expect(Problem(MultipartReader.Failure() as any Error).slug == "invalid-form")
        #expect(Problem(CancellationError()).slug == "internal")
        do { _ = try RequestPath(Array("//".utf8)) } catch {
            #expect(Problem(error as any Error).slug == "invalid-path")
        }
    }

    @Test func problemIsWrittenAsRFC9457Says() throws {
        let problem = Problem(422, "invalid-content", "Invalid content", "the \"detail\"").with {
            $0.pointer = "/a"
            $0.offset = 7
            $0.allowed = ["x"]
            $0.headers = [("Retry-After", "1")]
            $0.closes = true
        }
        let response = problem.response(requestID: "7f-1")
        #expect(response.status == 422 && response.closes)
        #expect(
            response.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/problem+json", "Retry-After: 1", "X-Content-Type-Options: nosniff",
            ])
        guard case .bytes(let body) = response.body else {
            Issue.record("no body")
            return
        }
        #expect(
            try JSONValue.parse(body) == [
                "type": "/problems/invalid-content", "title": "Invalid content", "status": 422,
                "detail": "the \"detail\"",
                "pointer": "/a", "offset": 7, "allowed": ["x"], "request_id": "7f-1",
            ])
    }
}
