import ArgumentParser
import DirectoryStore
import Glibc
import HTTPServer
import Limits
import LocalFiles
import Logging
import PostgresStore
import RunMetadata
import RunStore

/// The store that a server serves, opened as its options say.
struct ServedStore {
    let store: any RunStore & DocumentStore
    let scratch: Scratch
    /// Commits of the store that the polling thread makes; nil: the store commits on its own.
    let work: StoreCommits?
    /// A description, for the log line that reports that the server is up.
    let place: String
    /// The number of runs that are initialised and not archived.
    let runCount: Int
    /// Closes it; may be called again.
    let close: @Sendable () -> Void

    init(_ options: ServeOptions) throws {
        guard let address = options.store.address else {
            let store = try DirectoryRunStore(
                runs: options.runs, settings: options.storeSettings, log: Logger(label: "store"))
            (self.store, scratch, work) = (store, store.scratch, StoreCommits(store: store))
            place = "runs in \(options.runs.shown(atMost: .max))"
            runCount = store.runCount()
            close = { store.close() }
            return
        }
        let folder = try OwnFolder(runs: options.runs)
        var settings = options.postgresSettings
        settings.objects = try options.store.objects()
        let store = try PostgresRunStore(at: address, settings: settings, log: Logger(label: "store"))
        (self.store, work) = (store, nil)
        place = "runs in \(store.place)" + (settings.objects.map { ", large files in \($0.place)" } ?? "")
        scratch = Scratch(
            folder: folder.staging, uploads: folder.uploads, limits: options.storeSettings.partialUploads)
        runCount = try store.runCounts().filter { $0.key != .pending && $0.key != .archived }.reduce(0) {
            $0 + $1.value
        }
        close = {
            store.close()
            folder.close()
        }
    }
}
