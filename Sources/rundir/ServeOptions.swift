import Access
import ArgumentParser
import DirectoryStore
import Glibc
import HTTPServer
import Limits
import LocalFiles
import MLflowAPI
import PostgresStore
import RunAPI
import RunMetadata
import RunStore

/// All settings of the server: option, environment variable, default, range.
struct ServeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The runs directory; created if missing. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    @OptionGroup var store: StoreOptions

    @OptionGroup var writers: WriterOptions

    @Option(help: ArgumentHelp("The address to listen on. [env: RUNDIR_HOST]", valueName: "name or address"))
    var host = Environment.text("RUNDIR_HOST") ?? "127.0.0.1"

    @Option(help: "The port to listen on, 0 to 65535; 0: any free port. [env: RUNDIR_PORT]")
    var port = Environment.number("RUNDIR_PORT") ?? 7117

    @OptionGroup var listening: ListenOptions

    @OptionGroup var tls: TLSOptions

    @Option(
        name: .customLong("allow-host"),
        help: ArgumentHelp(
            "A host that requests may name, besides localhost and this machine's names and addresses: a name or address "
                + "without port, *.example.org, or * for all; may be repeated; default: none. "
                + "[env: RUNDIR_ALLOW_HOST, separated by \",\"]", valueName: "host"))
    var allowedHosts: [String] = Environment.list("RUNDIR_ALLOW_HOST", separator: ",")

    @OptionGroup var access: AccessOptions

    @Option(
        help: ArgumentHelp(
            "The largest body held in memory, 1 to 1073741824 bytes. [env: RUNDIR_MAX_BODY]", valueName: "bytes"))
    var maxBody = Environment.number("RUNDIR_MAX_BODY") ?? 16 << 20

    @Option(
        help: ArgumentHelp(
            "Bytes of all bodies in memory at once, --max-body to 1099511627776; 0: a quarter of the memory that the "
                + "server may use, at most 536870912. [env: RUNDIR_MAX_BODY_MEMORY]", valueName: "bytes"))
    var maxBodyMemory = Environment.number("RUNDIR_MAX_BODY_MEMORY") ?? 0

    @Option(
        help: ArgumentHelp(
            "The largest upload, packed and unpacked, 1 to 1099511627776 bytes. [env: RUNDIR_MAX_UPLOAD]",
            valueName: "bytes"))
    var maxUpload = Environment.number("RUNDIR_MAX_UPLOAD") ?? 4 << 30

    @Option(
        help: ArgumentHelp(
            "The most files and folders of an archive or a directory of source, and fields and files of a form, 1 to "
                + "100000000. [env: RUNDIR_MAX_ENTRIES]", valueName: "count"))
    var maxEntries = Environment.number("RUNDIR_MAX_ENTRIES") ?? 100_000

    @Option(
        help: ArgumentHelp(
            "Properties of one request and of one run, 10 to 100000; each is a file. [env: RUNDIR_MAX_NAMES]",
            valueName: "count"))
    var maxNames = Environment.number("RUNDIR_MAX_NAMES") ?? NameLimits().properties.most

    @Option(
        help: ArgumentHelp(
            "Flags, metrics or values of an evaluation in one request and in one run, 10 to 100000; each is a column. "
                + "[env: RUNDIR_MAX_COLUMNS]", valueName: "count"))
    var maxColumns = Environment.number("RUNDIR_MAX_COLUMNS") ?? NameLimits().columns.most

    @Option(
        name: .customLong("source-root"),
        help: ArgumentHelp(
            "A directory on this machine that {\"directory\": …} may read source from; may be repeated; default: none. "
                + "[env: RUNDIR_SOURCE_ROOT, separated by \":\"]", valueName: "path"))
    var sourceRoots: [String] = Environment.list("RUNDIR_SOURCE_ROOT")

    @Option(
        help: ArgumentHelp(
            "The most executables of custom types at once, 1 to 1024; default: the cores. [env: RUNDIR_WRITER_JOBS]",
            valueName: "count"))
    var writerJobs = Environment.number("RUNDIR_WRITER_JOBS") ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    @Option(
        help: ArgumentHelp(
            "Seconds that a request's head may take, 1 to 3600; a body may pause for twice as long. "
                + "[env: RUNDIR_READ_TIMEOUT]", valueName: "seconds"))
    var readTimeout = Environment.number("RUNDIR_READ_TIMEOUT") ?? 30

    @Option(
        help: ArgumentHelp(
            "Seconds without a write after which a running run is stale, 1 to 31536000. "
                + "[env: RUNDIR_STALE_AFTER]", valueName: "seconds"))
    var staleAfter = Environment.number("RUNDIR_STALE_AFTER") ?? 3600

    @Option(
        help: ArgumentHelp(
            "The most connections at once, 1 to 60000. [env: RUNDIR_MAX_CONNECTIONS]", valueName: "count"))
    var maxConnections = Environment.number("RUNDIR_MAX_CONNECTIONS") ?? 4096

    @Option(
        help: ArgumentHelp(
            "The most connections at once from one address, 1 to 60000; 0: only the limit for all. "
                + "[env: RUNDIR_MAX_CONNECTIONS_PER_ADDRESS]", valueName: "count"))
    var maxConnectionsPerAddress = Environment.number("RUNDIR_MAX_CONNECTIONS_PER_ADDRESS") ?? 0

    @Option(
        help: ArgumentHelp(
            "Threads for quick reads, and as many again for slow requests (uploads, bundles, changes of many runs), "
                + "1 to 64. [env: RUNDIR_WORKERS]", valueName: "count"))
    var workers = Environment.number("RUNDIR_WORKERS") ?? 4

    @Option(
        help: ArgumentHelp(
            "Bytes of a journal segment, 65536 to 1073741824. [env: RUNDIR_JOURNAL_SIZE]", valueName: "bytes"))
    var journalSize = Environment.number("RUNDIR_JOURNAL_SIZE") ?? 16 << 20

    @OptionGroup var storage: StorageOptions

    @OptionGroup var events: EventOptions

    @Option(
        help: ArgumentHelp(
            "The most partly uploaded files (Content-Range), 1 to 1000000. "
                + "[env: RUNDIR_MAX_PARTIAL_UPLOADS]", valueName: "count"))
    var maxPartialUploads =
        Environment.number("RUNDIR_MAX_PARTIAL_UPLOADS") ?? PartialUploads.Limits().count.most

    @Option(
        help: ArgumentHelp(
            "Bytes of these files together once they are complete, 1 to 1125899906842624; a single file may have more. "
                + "[env: RUNDIR_MAX_PARTIAL_BYTES]", valueName: "bytes"))
    var maxPartialBytes = Environment.number("RUNDIR_MAX_PARTIAL_BYTES") ?? PartialUploads.Limits().bytes.most

    @Option(
        help: ArgumentHelp(
            "Seconds to keep a partly uploaded file after its last part, 60 to 31536000. "
                + "[env: RUNDIR_KEEP_PARTIAL_UPLOADS]", valueName: "seconds"))
    var keepPartialUploads =
        Environment.number("RUNDIR_KEEP_PARTIAL_UPLOADS") ?? Int(PartialUploads.Limits().age)

    @Option(
        help: ArgumentHelp(
            "The log level on standard error: trace, debug, info, notice, warning, error or critical. "
                + "[env: RUNDIR_LOG_LEVEL]", valueName: "level"))
    var logLevel = Environment.text("RUNDIR_LOG_LEVEL").flatMap(LogLevel.init(rawValue:)) ?? LogLevel.notice

    func validate() throws {
        try check("port", port, 0...65535)
        try check("max-body", maxBody, 1...1 << 30)
        if maxBodyMemory != 0 { try check("max-body-memory", maxBodyMemory, maxBody...1 << 40) }
        try check("max-upload", maxUpload, 1...1 << 40)
        try check("max-entries", maxEntries, 1...100_000_000)
        try check("max-names", maxNames, 10...100_000)
        try check("max-columns", maxColumns, 10...100_000)
        try check("read-timeout", readTimeout, 1...3600)
        try check("stale-after", staleAfter, 1...31_536_000)
        try check("max-connections", maxConnections, 1...60_000)
        try check("max-connections-per-address", maxConnectionsPerAddress, 0...60_000)
        try check("workers", workers, 1...64)
        try check("writer-jobs", writerJobs, 1...1024)
        try check("max-partial-uploads", maxPartialUploads, 1...1_000_000)
        try check("max-partial-bytes", maxPartialBytes, 1...1 << 50)
        try check("keep-partial-uploads", keepPartialUploads, 60...31_536_000)
        try check("journal-size", journalSize, 65_536...1 << 30)
        for host in allowedHosts where HostRule(host) == nil {
            throw ValidationError(
                "--allow-host is \"\(host)\"; it has to be a host name or address without a port, *.example.org, or *")
        }
        try Environment.check()
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        try OptionRange.check(name, value, range)
    }

    // MARK: Settings of the parts

    var limits: ServerLimits {
        var limits = ServerLimits()
        limits.headSeconds = readTimeout
        limits.bodySeconds = readTimeout * 2
        limits.bodyMemory = bodyMemory
        limits.connections = maxConnections
        limits.connectionsPerAddress = maxConnectionsPerAddress
        return limits
    }

    /// For a single body, at least, and for what an upload holds of it.
    private var bodyMemory: Int {
        if maxBodyMemory != 0 { return maxBodyMemory }
        return max(min(UsableMemory.bytes / 4, ServerLimits().bodyMemory), maxBody + 4 << 20)
    }

    var names: NameLimits {
        var names = NameLimits()
        names.properties = Limit(.names, most: maxNames, setting: "--max-names")
        names.columns = Limit(.columns, most: maxColumns, setting: "--max-columns")
        return names
    }

    var storeSettings: StoreSettings {
        var settings = StoreSettings()
        settings.rules.mostProperties = names.properties
        settings.segmentSize = journalSize
        settings.rules.staleAfter = Double(staleAfter)
        settings.rules.mostColumns = names.columns
        storage.set(&settings.rules)
        settings.partialUploads.count = Limit(.files, most: maxPartialUploads, setting: "--max-partial-uploads")
        settings.partialUploads.bytes = Limit(.bytes, most: maxPartialBytes, setting: "--max-partial-bytes")
        settings.partialUploads.age = Double(keepPartialUploads)
        return settings
    }

    /// The same for a store in PostgreSQL.
    var postgresSettings: PostgresSettings {
        var settings = PostgresSettings()
        settings.rules = storeSettings.rules
        settings.needsSync = !store.isUnsynced
        return settings
    }

    var apiSettings: RunAPI.Settings {
        var settings = RunAPI.Settings()
        settings.maxBody = maxBody
        settings.parsedBytes = max(bodyMemory / 8, maxBody)
        settings.maxUpload = mostUpload
        settings.events = events.limits
        settings.maxEntries = maxEntries
        settings.names = names
        settings.writerJobs = writerJobs
        return settings
    }

    /// An upload that is larger than a run may be is refused before it is read.
    private var mostUpload: Int { min(maxUpload, storage.maxRunBytes > 0 ? storage.maxRunBytes : .max) }

    var mlflowSettings: MLflowAPI.Settings {
        var settings = MLflowAPI.Settings()
        settings.maxBody = maxBody
        settings.maxUpload = mostUpload
        return settings
    }

    /// Hosts that requests may name, including the address to listen on: the server may print "0.0.0.0".
    var hostRules: [HostRule] { (allowedHosts + [host] + listening.hosts).compactMap(HostRule.init) }
}
