import RunStore
import RunStoreClaims
import TestSupport

@testable import DirectoryStore

/// A runs directory with one run, and what `rundir check` finds in it.
struct CheckedRuns {
    let folder = TemporaryFolder()

    init() throws {
        let store = try DirectoryHarness.open(folder.path)
        try store.initialise(.one, flags: "{\"a\": 1}")
        try store.rows(.one, #"{"a":1}"#)
        store.close()
    }

    func findings(repairs: Bool = false) throws -> [String] {
        try StoreCheck(runs: folder.path, repairs: repairs).findings.map(\.description)
    }
}
