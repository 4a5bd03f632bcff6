import Glibc
import TestSupport

/// What a server holds of the machine (proc(5)).
struct Footprint: CustomStringConvertible {
    /// Open files and connections.
    let descriptors: Int
    let threads: Int
    /// Files and folders in the staging folder.
    let staged: Int
    /// Bytes that are resident.
    let memory: Int

    init(of server: Server) {
        descriptors = server.openDescriptors
        staged = DirectoryTree("\(server.runs)/.rundir/staging").entries.count
        let status = contents(of: "/proc/\(server.process.id)/status") ?? []
        let fields = String(decoding: status, as: UTF8.self).split(separator: "\n").map { $0.split(separator: ":") }
        func number(_ name: String) -> Int {
            let field = fields.first { $0.first.map(String.init) == name }
            return field?.last?.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.flatMap { Int($0) } ?? 0
        }
        threads = number("Threads")
        memory = number("VmRSS") * 1024
    }

    /// How much more memory is no leak: caches that are filled, and pages that the allocator keeps.
    private static let slack = 100 << 20

    /// What is more than before; nothing where nothing is.
    func excess(over before: Footprint) -> [String] {
        var excess: [String] = []
        if descriptors > before.descriptors { excess.append("\(descriptors - before.descriptors) descriptors") }
        if threads > before.threads { excess.append("\(threads - before.threads) threads") }
        if staged > before.staged { excess.append("\(staged - before.staged) staged files") }
        if memory > before.memory + Self.slack { excess.append("\((memory - before.memory) >> 20) MiB") }
        return excess
    }

    var description: String { "\(descriptors) descriptors, \(threads) threads, \(staged) staged, \(memory >> 20) MiB" }
}
