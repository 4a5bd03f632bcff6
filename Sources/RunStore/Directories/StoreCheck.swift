internal import Glibc
internal import JSON
internal import RunMetadata

/// Looks through a runs directory for what tfruns' reader or the server could stumble over (`rundir check`).
package final class StoreCheck {
    /// Something found.
    package struct Finding: Sendable, CustomStringConvertible {
        /// A path below the runs directory.
        package let path: String
        package let fault: String
        /// What mends it; nil where only a person can.
        package let repair: String?
        /// Whether that was done.
        package fileprivate(set) var isRepaired = false

        package var description: String {
            let cure = isRepaired ? "repaired: \(repair ?? "")" : repair.map { "--repair: \($0)" } ?? "mend it by hand"
            return "\(path): \(fault) (\(cure))"
        }
    }

    private let paths: RunPaths
    private var repairs: Bool
    package private(set) var findings: [Finding] = []
    package private(set) var runCount = 0

    /// Looks through a runs directory, and mends what can be mended if `repairs`; then no server may have it open.
    package init(runs: String, repairs: Bool) throws {
        paths = RunPaths(runs: runs)
        self.repairs = repairs
        guard Files.isDirectory(runs) else { throw FileFailure("open", runs, errno: ENOENT) }
        try checkJournal()
        var found: [String: [String]] = [:]
        for place in [RunPlace.initialised, .archived, .pending] {
            for name in try Files.names(in: paths.container(place)).sorted() {
                let data = paths.data(name, place)
                guard Files.isDirectory(data) else {
                    if place == .pending { try checkNothing(name) }
                    continue
                }
                runCount += 1
                found[name, default: []].append(paths.relative(paths.run(name, place)))
                do { try check(name, place, data) } catch let failure as FileFailure {
                    report(
                        paths.relative(failure.path), "cannot be read: \(failure.call): \(failure.errno)", repair: nil)
                }
            }
        }
        for (_, places) in found.sorted(by: { $0.key < $1.key }) where places.count > 1 {
            let others = places.dropFirst().joined(separator: ", ")
            report(places[0], "there is another run of this id, which the server does not see: \(others)", repair: nil)
        }
        try checkSessions()
        try checkIndex()
    }

    private func checkIndex() throws {
        guard let fault = IndexCheck.fault(paths) else { return }
        try mend(paths.relative(paths.index), fault, "build it anew") {
            _ = try DirectoryRunStore.reindex(runs: paths.runs) { _, _ in }
        }
    }

    /// Looks whether the journal can be read, and does again what it holds if `repairs`.
    private func checkJournal() throws {
        do {
            let recovery = try JournalRecovery(directory: paths.journal)
            if !recovery.writes.isEmpty {
                report(
                    paths.relative(paths.journal),
                    "\(recovery.writes.count) writes that a server would do again (one may be running)",
                    repair: "do them again")
            }
            guard repairs else { return }
            // Opening does them again, and takes the lock.
            let store = try DirectoryRunStore(runs: paths.runs)
            let missing = store.lacksRoomToStart
            store.close()
            if let missing {
                repairs = false
                report(paths.relative(paths.journal), "there is no room to do them again: \(missing)", repair: nil)
            } else if !findings.isEmpty {
                findings[0].isRepaired = true
            }
        } catch let damage as JournalRecovery.Damage {
            // What the journal holds may be what mends the rest.
            repairs = false
            report("\(paths.relative(paths.journal))/\(damage.segment)", "\(damage)", repair: nil)
        }
    }

    /// Looks at a pending folder in which nothing is.
    private func checkNothing(_ name: String) throws {
        let folder = paths.run(name, .pending)
        let isEmpty = try Files.isOwnDirectory(folder) && Files.names(in: folder).isEmpty
        try mend(
            folder, "is no pending run: it has no \(RunLayout.dataDirectory)", isEmpty ? "remove the empty folder" : nil
        ) {
            if rmdir(folder) != 0 { throw FileFailure("rmdir", folder) }
        }
    }

    /// Looks whether each session's run is there.
    private func checkSessions() throws {
        for name in try Files.names(in: paths.sessions).sorted() {
            let file = "\(paths.sessions)/\(name)"
            guard let bytes = try Files.read(file) else { continue }
            let run = String(decoding: bytes, as: UTF8.self)
            if Files.isDirectory(paths.data(run, .initialised)), RunID(run) != nil { continue }
            try mend(file, "names the run \"\(run)\" as active, which is not there", "remove it") {
                try Files.remove(file)
            }
        }
    }

    private func check(_ name: String, _ place: RunPlace, _ data: String) throws {
        if place != .pending {
            if RunID(name) == nil {
                report(
                    paths.relative(paths.run(name, place)), "is no run id, so the server does not list it", repair: nil)
            }
            if let run = RunID(name), let fault = IndexCheck.unreadable(run, place, data) {
                report(paths.relative(paths.run(name, place)), "is not listed with all it has: \(fault)", repair: nil)
            }
            try checkProperty(.start, data, "ls_runs() needs it") { String($0) }
            try checkProperty(.script, data, "view_run() needs it") { _ in name }
        }
        for path in [DataPath.flags, .evaluation] { try checkNamedList("\(data)/\(path)") }
        try checkJSON("\(data)/\(DataPath.error)")
        try checkMetrics(data)
    }

    private func checkProperty(
        _ property: PropertyName, _ data: String, _ why: String, _ value: (Int) -> String
    ) throws {
        let file = "\(data)/\(DataPath.property(property))"
        guard Files.status(file) == nil else { return }
        let text = value(Files.status(data)?.st_mtim.tv_sec ?? 0)
        try mend(file, "is missing; \(why)", "write \(text)") {
            try Files.makeDirectory("\(data)/\(DataPath.properties)")
            try write(PropertyText.file(text), file)
        }
    }

    private func checkNamedList(_ file: String) throws {
        guard let object = try checkJSON(file) else { return }
        let empty = object.members.filter { member in
            switch member.value {
            case .null: true
            case .array(let elements): elements.isEmpty
            case .object(let object): object.isEmpty
            default: false
            }
        }
        guard !empty.isEmpty else { return }
        let names = empty.map(\.name).joined(separator: ", ")
        try mend(file, "has empty values (\(names)), which break ls_runs() for all runs", "leave them out") {
            var rest = object
            for member in empty { rest.remove(member.name) }
            try write(JSONWriter.pretty(.object(rest)), file)
        }
    }

    @discardableResult
    private func checkJSON(_ file: String) throws -> JSONObject? {
        guard let bytes = try Files.read(file) else { return nil }
        do {
            if let object = try JSONValue.parse(bytes, nonFinite: .allowed).object { return object }
            report(paths.relative(file), "is no JSON object", repair: nil)
        } catch {
            report(paths.relative(file), "is no JSON: \(error)", repair: nil)
        }
        return nil
    }

    private func checkMetrics(_ data: String) throws {
        let file = "\(data)/\(DataPath.metricsRows)"
        guard let rows = try Files.read(file) else { return try checkFrame("\(data)/\(DataPath.metricsFrame)") }
        let parser = JSONParser()
        var start = 0
        var isWhole = true
        for (number, line) in rows.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            defer { start += line.count + 1 }
            if line.isEmpty { continue }
            let isRow =
                (try? line.withUnsafeBytes { try parser.parse($0, nonFinite: .allowed).kind(at: 0) }) == .objectBegin
            if start + line.count == rows.count {
                isWhole = false
                let offset = off_t(start)
                if isRow {
                    try mend(file, "has no newline behind its last row", "add it") { try write(rows + [10], file) }
                } else {
                    try mend(file, "is cut short in its last line", "cut that off") {
                        if truncate(file, offset) != 0 { throw FileFailure("truncate", file) }
                    }
                }
            } else if !isRow {
                report(paths.relative(file), "line \(number + 1) is no row; readers pass it over", repair: nil)
            }
        }
        let mended = repairs && !isWhole ? try Files.read(file) ?? [] : rows
        let expected = mended.withUnsafeBytes { MetricsFrame(rows: $0).text }
        let view = "\(data)/\(DataPath.metricsFrame)"
        guard try Files.read(view) != expected else { return }
        try mend(view, "lags behind \(DataPath.metricsRows)", "write it again") { try write(expected, view) }
    }

    /// Looks at a frame that is no view of rows.
    private func checkFrame(_ file: String) throws {
        guard let text = try Files.read(file) else { return }
        do {
            try JSONParser().withTokens(of: text, nonFinite: .allowed) { tokens in
                try text.withUnsafeBytes { _ = try MetricsFrame(columnsAt: 0, of: tokens, in: $0) }
            }
        } catch {
            report(paths.relative(file), "is no data frame: \(error)", repair: nil)
        }
    }

    private func write(_ bytes: [UInt8], _ file: String) throws {
        let staged = "\(paths.staging)/check"
        let descriptor = try Files.open(staged, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try bytes.withUnsafeBytes { try Files.write($0, to: descriptor, at: 0, path: file) }
        if fsync(descriptor) != 0 { throw FileFailure("fsync", file) }
        try Files.replace(file, by: staged)
    }

    private func report(_ path: String, _ fault: String, repair: String?) {
        findings.append(Finding(path: path, fault: fault, repair: repair))
    }

    private func mend(_ file: String, _ fault: String, _ repair: String?, _ body: () throws -> Void) throws {
        report(paths.relative(file), fault, repair: repair)
        guard repairs, repair != nil else { return }
        try body()
        findings[findings.count - 1].isRepaired = true
    }
}

extension RunPaths {
    /// A path below the runs directory, as people are told it.
    fileprivate func relative(_ path: String) -> String {
        path.hasPrefix(runs + "/") ? String(path.dropFirst(runs.count + 1)) : path
    }
}
