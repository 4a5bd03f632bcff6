import Glibc
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport

/// A store in memory, and a folder where files are staged for it.
final class MemoryHarness: StoreHarness {
    private let folder = TemporaryFolder()
    private var opened: MemoryRunStore
    let scratch: Scratch
    let clock = TestClock()

    var store: any RunStore { opened }

    init() {
        let uploads = "\(folder.path)/uploads"
        mkdir(uploads, 0o755)
        scratch = Scratch(folder: folder.path, uploads: uploads)
        opened = MemoryRunStore(rules: RunRules()) { [clock] in clock.seconds }
    }

    func close() { opened.close() }

    func reopen() { reopen(opened.rules) }

    func reopen(_ rules: RunRules) {
        close()
        opened = MemoryRunStore(opened.state, rules: rules) { [clock] in clock.seconds }
    }

    func archive(_ run: RunID) throws { try store.write(.run(run), .archive) }
}
