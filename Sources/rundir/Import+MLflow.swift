import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import LocalFiles
import MLflowAPI
import RunStore

/// `rundir import --from mlruns`.
extension Import {
    func importFileStores() throws {
        let store = try DirectoryRunStore(runs: runs)
        defer { store.close() }
        var counts = (imported: 0, passedOver: 0, failed: 0, leftOut: 0)
        for source in sources {
            let bar = ProgressBar()
            do {
                let run = FileStoreImport(Self.withoutSlash(source), into: store, scratch: store.scratch)
                try run.run(reportingTo: bar.show) { event in
                    switch event {
                    case .imported: counts.imported += 1
                    case .passedOver: counts.passedOver += 1
                    case .failed(let run, let reason):
                        counts.failed += 1
                        Self.say("\(run): not imported: \(reason)")
                    case .leftOut(let run, let what):
                        counts.leftOut += 1
                        Self.say("\(run): left out: \(what)")
                    }
                }
                bar.end()
            } catch {
                bar.end()
                counts.failed += 1
                Self.say("\(source): \(error)")
            }
        }
        print(
            "imported \(counts.imported) runs; \(counts.passedOver) were there already, \(counts.failed) could not be imported, "
                + "\(counts.leftOut) parts of runs were left out")
        if counts.failed > 0 { throw ExitCode(1) }
    }

    private static func withoutSlash(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func say(_ text: String) {
        let line = Array("rundir import: \(text.shown())\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
