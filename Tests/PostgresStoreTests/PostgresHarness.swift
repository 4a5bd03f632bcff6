import Glibc
import LocalFiles
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport

/// A store in a database of its own, and a folder where files are staged for it.
final class PostgresHarness: StoreHarness {
    let address: String
    /// The database's name.
    let database: String
    let server: PostgresServer
    let scratch: Scratch
    let clock = TestClock()
    private let folder = TemporaryFolder()
    private var settings: PostgresSettings
    private var opened: PostgresRunStore

    var store: any RunStore { opened }

    /// A database of the shared server that a store has been opened on.
    private static let template = Result {
        let server = try PostgresServer.shared.get()
        let name = try server.makeDatabase()
        try PostgresRunStore(at: server.address(of: name), settings: .tests).close()
        return name
    }

    /// - Parameters:
    ///   - server: nil: the one that tests share
    ///   - change: of the settings
    init(on server: PostgresServer? = nil, _ change: (inout PostgresSettings) -> Void = { _ in }) throws {
        let uploads = "\(folder.path)/uploads"
        mkdir(uploads, 0o755)
        scratch = Scratch(folder: folder.path, uploads: uploads)
        self.server = try server ?? PostgresServer.shared.get()
        // With its tables, which takes less time than to make them.
        let template = server == nil ? try Self.template.get() : "template0"
        database = try self.server.makeDatabase(like: template)
        address = self.server.address(of: database)
        var settings = PostgresSettings.tests
        settings.clock = { [clock] in clock.seconds }
        change(&settings)
        self.settings = settings
        opened = try PostgresRunStore(at: address, settings: settings)
    }

    deinit { opened.close() }

    func close() { opened.close() }

    func reopen() throws {
        close()
        opened = try PostgresRunStore(at: address, settings: settings)
    }

    func reopen(_ rules: RunRules) throws {
        settings.rules = rules
        try reopen()
    }

    /// Another server on the same database.
    func another() throws -> PostgresRunStore { try PostgresRunStore(at: address, settings: settings) }

    func archive(_ run: RunID) throws { try store.write(.run(run), .archive) }
}

extension PostgresSettings {
    /// On a database that does not sync.
    static var tests: PostgresSettings {
        var settings = PostgresSettings()
        settings.needsSync = false
        return settings
    }
}
