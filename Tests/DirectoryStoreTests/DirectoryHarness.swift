import DirectoryStore
import LocalFiles
import Logging
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport

/// A directory store in a folder of its own.
///
/// Views are refreshed when they are asked for: nothing happens by itself while a test looks.
final class DirectoryHarness: StoreHarness {
    let folder = TemporaryFolder()
    let clock = TestClock()
    private var settings: StoreSettings
    private var opened: DirectoryRunStore?
    private var isOpen = true

    /// The store; one that is closed until it is opened again.
    var directoryStore: DirectoryRunStore { opened! }
    var store: any RunStore { directoryStore }
    var scratch: Scratch { directoryStore.scratch }
    /// The runs directory.
    var runs: String { "\(folder.path)/runs" }

    /// - Parameter change: of the settings
    init(_ change: (inout StoreSettings) -> Void = { _ in }) throws {
        var settings = StoreSettings.small
        settings.clock = { [clock] in clock.seconds }
        change(&settings)
        self.settings = settings
        opened = try Self.open("\(folder.path)/runs", settings)
    }

    deinit { close() }

    func close() {
        if isOpen { opened?.close() }
        isOpen = false
    }

    func reopen() throws {
        close()
        // The lock goes with the last reference.
        opened = nil
        opened = try Self.open(runs, settings)
        isOpen = true
    }

    func reopen(_ rules: RunRules) throws {
        settings.rules = rules
        try reopen()
    }

    func archive(_ run: RunID) {
        Tree.makeDirectory("\(runs)/archive")
        Tree.rename("\(runs)/\(run)", to: "\(runs)/archive/\(run)")
    }

    /// Closes the store, and opens it again with the journal and pending views that a crash at this place would leave.
    func crash(_ meanwhile: () throws -> Void = {}) throws {
        let journal = keptJournal()
        close()
        try meanwhile()
        try putBack(journal)
    }

    /// A copy of the journal's segments, as they stand at one moment: none is dropped while they are copied.
    func keptJournal() -> [String: [UInt8]] {
        let directory = "\(runs)/.rundir/journal"
        while true {
            let names = Tree.names(directory)
            let journal = Dictionary(uniqueKeysWithValues: names.map { ($0, Tree.read("\(directory)/\($0)")) })
            if Tree.names(directory) == names { return journal }
        }
    }

    /// Opens the store with these segments.
    func putBack(_ journal: [String: [UInt8]]) throws {
        close()
        let directory = "\(runs)/.rundir/journal"
        for name in Tree.names(directory) { Tree.unlink("\(directory)/\(name)") }
        for (name, bytes) in journal { Tree.write(bytes, "\(directory)/\(name)") }
        try reopen()
    }

    /// The path of a file of an initialised run.
    func path(_ path: DataPath, of run: RunID = .one) -> String { "\(runs)/\(run)/tfruns.d/\(path)" }

    /// A file of an initialised run as it is on disk.
    func onDisk(_ path: DataPath, of run: RunID = .one) -> String? { folder.text("runs/\(run)/tfruns.d/\(path)") }

    static func open(_ runs: String, _ settings: StoreSettings = .small) throws -> DirectoryRunStore {
        try DirectoryRunStore(runs: runs, settings: settings, log: .quiet)
    }
}

extension StoreSettings {
    /// Small segments, and no refreshing in the background.
    static var small: StoreSettings {
        var settings = StoreSettings()
        // However busy the machine is.
        settings.indexWait = 60
        settings.segmentSize = 256 << 10
        settings.viewDelay = 1000
        return settings
    }
}

extension Logger {
    /// Says nothing.
    static let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
}
