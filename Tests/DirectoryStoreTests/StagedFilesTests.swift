import Limits
import LocalFiles
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// The descriptors that the files of all uploads share.
@Suite struct StagedFilesTests {
    private let harness: DirectoryHarness

    init() throws { harness = try DirectoryHarness() }

    /// Fails when uploads can take all descriptors, or do not give theirs back once they are complete or given up.
    @Test func filesThatAreOpenAtOnceAreLimited() throws {
        let store = harness.store
        var files: [StagingFile] = []
        var refusal: ScratchError?
        while refusal == nil, files.count < 2000 {
            do throws(ScratchError) { files.append(try harness.scratch.makeFile()) } catch { refusal = error }
        }
        let most = min(1024, max(16, Files.mostOpen / 4))
        #expect(files.count == most)
        guard case .exhausted(let limit) = refusal else {
            Issue.record("not refused as it has to be: \(String(describing: refusal))")
            return
        }
        #expect(limit.quantity == .files && limit.most == most)
        // Writes need none of them.
        #expect(try store.initialise(.one).effect == .written)
        try files[0].finish()
        files.append(try harness.scratch.makeFile())
        #expect(throws: ScratchError.exhausted(limit)) { try harness.scratch.makeFile() }
        files.removeAll()
        for _ in 0..<most { files.append(try harness.scratch.makeFile()) }
    }
}
