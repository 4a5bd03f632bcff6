import Glibc

/// The memory that the process may use.
enum UsableMemory {
    /// Bytes: those of the machine, unless a limit of the process (getrlimit(2), RLIMIT_AS) or of its control group
    /// (cgroups(7)) is lower.
    static var bytes: Int { ([machine, addressSpace] + groups).compactMap(\.self).min() ?? .max }

    private static var machine: Int? {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        return pages > 0 && size > 0 ? pages * size : nil
    }

    private static var addressSpace: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }

    /// The limits of the process's control groups and of those above them.
    private static var groups: [Int] {
        let lines = (text("/proc/self/cgroup") ?? "").split(separator: "\n")
        return lines.flatMap { line -> [Int] in
            // Such as 0::/system.slice/rundir.service (version 2), or 4:memory:/rundir (version 1).
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let (root, name): (String, String)
            if parts[1].isEmpty {
                (root, name) = ("/sys/fs/cgroup", "memory.max")
            } else if parts[1].split(separator: ",").contains("memory") {
                (root, name) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            } else {
                return []
            }
            var found: [Int] = []
            var folders = parts[2].split(separator: "/")
            while true {
                let path = ([root] + folders.map(String.init) + [name]).joined(separator: "/")
                // `max`, which is not a number, means no limit.
                if let limit = text(path)?.split(separator: "\n").first.flatMap({ Int($0) }) { found.append(limit) }
                if folders.popLast() == nil { return found }
            }
        }
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
