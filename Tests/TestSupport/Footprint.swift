import Glibc

/// What a server holds of the machine (proc(5)).
package struct Footprint: CustomStringConvertible {
    /// Open files and connections, but for the store's own: what each is.
    package let descriptors: [String]
    /// Open files of the journal and the index.
    package let storeFiles: Int
    /// Their names.
    package let threads: [String]
    /// Files and folders in the staging folder.
    package let staged: Int
    /// Bytes that are resident.
    package let memory: Int

    package init(of server: Server) {
        let process = "/proc/\(server.process.id)"
        let all = server.descriptors
        descriptors = all.filter { !Self.isOfTheStore($0) }
        storeFiles = all.count(where: Self.isOfTheStore)
        threads = server.threads.map(\.name)
        staged = DirectoryTree("\(server.runs)/.rundir/staging").entries.count
        let status = contents(of: "\(process)/status") ?? []
        let fields = String(decoding: status, as: UTF8.self).split(separator: "\n").map { $0.split(separator: ":") }
        func number(_ name: String) -> Int {
            let field = fields.first { $0.first.map(String.init) == name }
            return field?.last?.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.flatMap { Int($0) } ?? 0
        }
        memory = number("VmRSS") * 1024
    }

    /// Which of the store's own files are open changes with its work; how many is bounded: a segment of the journal
    /// that ends and one that begins; the index's database with its log and their shared memory, for the connection
    /// that is used, and for the one that brings the log into the database.
    private static let mostStoreFiles = 2 + 2 * 3

    private static func isOfTheStore(_ path: String) -> Bool {
        path.contains("/.rundir/journal/") || path.contains("/.rundir/index")
    }

    /// How much more memory is no leak: caches that are filled, and pages that the allocator keeps.
    private static let slack = 100 << 20

    /// What is more than before; nothing where nothing is.
    package func excess(over before: Footprint) -> [String] {
        var excess: [String] = []
        excess += Self.excess(descriptors, over: before.descriptors) + Self.excess(threads, over: before.threads)
        if storeFiles > Self.mostStoreFiles { excess.append("\(storeFiles) files of the store's own") }
        if staged > before.staged { excess.append("\(staged - before.staged) staged files") }
        if memory > before.memory + Self.slack { excess.append("\((memory - before.memory) >> 20) MiB") }
        return excess
    }

    /// What is more, where there are more: those whose names are new, or as many as there are too many.
    private static func excess(_ now: [String], over before: [String]) -> [String] {
        if now.count <= before.count { return [] }
        var rest = now
        for name in before { if let index = rest.firstIndex(of: name) { rest.remove(at: index) } }
        return rest
    }

    package var description: String {
        "\(descriptors.count) descriptors, \(storeFiles) of the store's own, \(threads.count) threads, \(staged) staged, \(memory >> 20) MiB"
    }
}
