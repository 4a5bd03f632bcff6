internal import CLinux
internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks one run's directory, which any program may have made (`rundir check`).
struct RunCheck {
    let name: String
    let place: RunPlace
    let directory: RunDirectory
    let check: StoreCheck

    func run() throws {
        if place != .pending {
            if RunID(name) == nil {
                check.report(path(nil), "is not a run id, so the server does not list it", repair: nil)
            }
            if case .link = try directory.look(.data) {
                check.report(path(.data), "is a link; the server does not write through links", repair: nil)
            }
            try checkProperty(.start, "ls_runs() needs it") { String($0) }
            try checkProperty(.script, "view_run() needs it") { _ in name }
        }
        try checkKinds()
        for document in [DataPath.flags, .evaluation] { try checkNamedList(document) }
        try checkError()
        try checkProperties()
        try checkMetrics()
    }

    /// A path below the runs directory; without one, the run's own.
    private func path(_ path: RunPath?) -> String {
        let run = check.paths.relative(check.paths.run(name, place))
        return path.map { "\(run)/\($0)" } ?? run
    }

    func report(_ path: RunPath, _ fault: String) { check.report(self.path(path), fault, repair: nil) }

    func mend(_ path: RunPath, _ fault: String, _ repair: String, _ body: () throws -> Void) throws {
        try check.mend(self.path(path), fault, repair, body)
    }

    /// Finds entries that are neither file nor folder, lead out, or cannot be read.
    private func checkKinds() throws {
        var odd: [[UInt8]] = []
        _ = try directory.items(linkedFiles: true) { path throws(StoreError) in odd.append(path) }
        for path in odd where directory.status(path).map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
            let own = try directory.ownStatus(path).map { $0.st_mode & S_IFMT }
            let fault =
                switch own {
                case S_IFLNK: "is a link that leads out of the run or nowhere, so the server does not follow it"
                case S_IFDIR: "is a folder that cannot be read, so its files are not served"
                default: "is not a file, so the server ignores it"
                }
            check.report("\(self.path(nil))/\(String(decoding: path, as: UTF8.self))", fault, repair: nil)
        }
    }

    private func checkProperty(_ property: PropertyName, _ why: String, _ value: (Int) -> String) throws {
        let path = RunPath(DataPath.property(property))
        switch try directory.look(path) {
        case .nothing: break
        case .file: return
        case .link:
            if directory.status(path) == nil { report(path, "cannot be read; \(why)") }
            return
        case .folder, .other, .blocked: return report(path, "cannot be read; \(why)")
        }
        let text = value(directory.status(.data)?.st_mtim.tv_sec ?? 0)
        try mend(path, "is missing; \(why)", "write \(text)") { try write(PropertyText.file(text), path) }
    }

    /// The largest file that is checked as a whole, in bytes.
    static let largestFile = 256 << 20

    /// The content of a file; nil if there is none, or if it is too large to be checked, which is reported.
    func content(of path: RunPath) throws -> [UInt8]? {
        if let status = directory.status(path), status.st_size > Self.largestFile {
            report(path, "is over \(Self.largestFile) bytes, and was not looked at")
            return nil
        }
        return try directory.readIfInReach(path)
    }

    func checkJSON(_ path: RunPath) throws -> JSONObject? {
        guard let bytes = try content(of: path) else { return nil }
        do {
            if let object = try JSONValue.parse(bytes, nonFinite: .allowed).object { return object }
            report(path, "is not a JSON object")
        } catch {
            report(path, "is not JSON: \(error)")
        }
        return nil
    }

    func write(_ bytes: [UInt8], _ path: RunPath) throws {
        let staged = "\(check.paths.staging)/check"
        let descriptor = try Files.open(staged, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try Files.write(bytes, to: descriptor, at: 0, path: path.description)
        try Files.sync(descriptor, path: path.description)
        _ = try directory.place(staged, at: path)
    }
}
