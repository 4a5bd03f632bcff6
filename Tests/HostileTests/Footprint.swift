import Glibc
import TestSupport

/// What a server holds of the machine (proc(5)).
struct Footprint: CustomStringConvertible {
    /// Open files and connections: what each is.
    let descriptors: [String]
    /// Their names.
    let threads: [String]
    /// Files and folders in the staging folder.
    let staged: Int
    /// Bytes that are resident.
    let memory: Int

    init(of server: Server) {
        let process = "/proc/\(server.process.id)"
        // Not the store's own: which segments of the journal and connections of the index are open changes with its work.
        descriptors = Self.names(in: "\(process)/fd").map { Self.target(of: "\(process)/fd/\($0)") }
            .filter { !$0.contains("/.rundir/journal/") && !$0.contains("/.rundir/index.sqlite") }
        threads = Self.names(in: "\(process)/task").map {
            String(decoding: contents(of: "\(process)/task/\($0)/comm") ?? [], as: UTF8.self).filter { $0 != "\n" }
        }
        staged = DirectoryTree("\(server.runs)/.rundir/staging").entries.count
        let status = contents(of: "\(process)/status") ?? []
        let fields = String(decoding: status, as: UTF8.self).split(separator: "\n").map { $0.split(separator: ":") }
        func number(_ name: String) -> Int {
            let field = fields.first { $0.first.map(String.init) == name }
            return field?.last?.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.flatMap { Int($0) } ?? 0
        }
        memory = number("VmRSS") * 1024
    }

    /// How much more memory is no leak: caches that are filled, and pages that the allocator keeps.
    private static let slack = 100 << 20

    /// What is more than before; nothing where nothing is.
    func excess(over before: Footprint) -> [String] {
        var excess: [String] = []
        excess += Self.excess(descriptors, over: before.descriptors) + Self.excess(threads, over: before.threads)
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

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func target(of link: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink(link, &buffer, buffer.count))
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var description: String {
        "\(descriptors.count) descriptors, \(threads.count) threads, \(staged) staged, \(memory >> 20) MiB"
    }
}
