internal import Glibc
internal import JSON
internal import RunMetadata

/// Looks through a runs directory for what tfruns' reader or the server could stumble over (`rundir check`).
package final class StoreCheck {
    /// Something found.
    package struct Finding: Sendable, CustomStringConvertible {
        /// A run's folder, or a part of the server's own.
        package let place: String
        package let fault: String
        /// What mends it; nil where only a person can.
        package let repair: String?
        /// Whether that was done.
        package fileprivate(set) var isRepaired = false

        package var description: String {
            let cure = isRepaired ? "repaired: \(repair ?? "")" : repair.map { "--repair: \($0)" } ?? "mend it by hand"
            return "\(place): \(fault) (\(cure))"
        }
    }

    private let paths: RunPaths
    private let repairs: Bool
    package private(set) var findings: [Finding] = []
    package private(set) var runCount = 0

    /// Looks through a runs directory, and mends what can be mended if `repairs`; then no server may have it open.
    package init(runs: String, repairs: Bool) throws {
        paths = RunPaths(runs: runs)
        self.repairs = repairs
        guard Files.isDirectory(runs) else { throw FileFailure("open", runs, errno: ENOENT) }
        if repairs {
            // Opening does again what the journal holds, and takes the lock.
            try DirectoryRunStore(runs: runs).close()
        } else {
            checkJournal()
        }
        for place in [RunPlace.initialised, .archived, .pending] {
            for name in try Files.names(in: paths.container(place)).sorted() {
                let data = paths.data(name, place)
                guard Files.isDirectory(data) else { continue }
                runCount += 1
                try check(name, place, data)
            }
        }
        try checkIndex()
    }

    private func checkIndex() throws {
        guard let fault = IndexCheck.fault(paths) else { return }
        try mend(RunLayout.Own.index, fault, "build it anew") {
            _ = try DirectoryRunStore.reindex(runs: paths.runs) { _, _ in }
        }
    }

    private func checkJournal() {
        do {
            let recovery = try JournalRecovery(directory: paths.journal)
            if !recovery.writes.isEmpty {
                report(
                    "journal", "\(recovery.writes.count) writes that a server would do again (one may be running)",
                    repair: "do them again")
            }
        } catch {
            report("journal", "\(error)", repair: nil)
        }
    }

    private func check(_ name: String, _ place: RunPlace, _ data: String) throws {
        let label = place == .initialised ? name : "\(place == .archived ? RunLayout.archive : "pending")/\(name)"
        if place != .pending {
            if RunID(name) == nil {
                report(label, "the name is no run id, so the server does not list it", repair: nil)
            }
            try checkProperty(.start, label, data, "ls_runs() needs it") { String($0) }
            try checkProperty(.script, label, data, "view_run() needs it") { _ in name }
        }
        for path in [DataPath.flags, .evaluation] { try checkNamedList(path, label, data) }
        try checkJSON(.error, label, data)
        try checkMetrics(label, data)
    }

    private func checkProperty(
        _ property: PropertyName, _ label: String, _ data: String, _ why: String, _ value: (Int) -> String
    ) throws {
        let file = "\(data)/\(DataPath.property(property))"
        guard Files.status(file) == nil else { return }
        let text = value(Files.status(data)?.st_mtim.tv_sec ?? 0)
        try mend(label, "the property \(property) is missing; \(why)", "write \(text)") {
            try Files.makeDirectory("\(data)/\(DataPath.properties)")
            try write(PropertyText.file(text), file)
        }
    }

    private func checkNamedList(_ path: DataPath, _ label: String, _ data: String) throws {
        guard let object = try checkJSON(path, label, data) else { return }
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
        try mend(label, "\(path) has empty values (\(names)), which break ls_runs() for all runs", "leave them out") {
            var rest = object
            for member in empty { rest.remove(member.name) }
            try write(JSONWriter.pretty(.object(rest)), "\(data)/\(path)")
        }
    }

    @discardableResult
    private func checkJSON(_ path: DataPath, _ label: String, _ data: String) throws -> JSONObject? {
        guard let bytes = try Files.read("\(data)/\(path)") else { return nil }
        if let object = try? JSONValue.parse(bytes, nonFinite: .allowed).object { return object }
        report(label, "\(path) is no JSON object", repair: nil)
        return nil
    }

    private func checkMetrics(_ label: String, _ data: String) throws {
        let file = "\(data)/\(DataPath.metricsRows)"
        guard let rows = try Files.read(file) else { return }
        let parser = JSONParser()
        var start = 0
        for (number, line) in rows.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            defer { start += line.count + 1 }
            let isLast = start + line.count == rows.count
            if line.isEmpty { continue }
            if isLast {
                try mend(label, "the last line of \(DataPath.metricsRows) is cut short", "cut it off") {
                    truncate(file, off_t(start))
                }
            } else if (try? line.withUnsafeBytes({ try parser.parse($0, nonFinite: .allowed).kind(at: 0) }))
                != .objectBegin
            {
                report(
                    label, "line \(number + 1) of \(DataPath.metricsRows) is no row; readers pass it over", repair: nil)
            }
        }
        try checkView(rows, label, data)
    }

    private func checkView(_ rows: [UInt8], _ label: String, _ data: String) throws {
        let expected = rows.withUnsafeBytes { MetricsFrame(rows: $0).text }
        let file = "\(data)/\(DataPath.metricsFrame)"
        guard try Files.read(file) != expected else { return }
        try mend(label, "\(DataPath.metricsFrame) lags behind \(DataPath.metricsRows)", "write it again") {
            try write(expected, file)
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

    private func report(_ place: String, _ fault: String, repair: String?) {
        findings.append(Finding(place: place, fault: fault, repair: repair))
    }

    private func mend(_ place: String, _ fault: String, _ repair: String, _ body: () throws -> Void) throws {
        report(place, fault, repair: repair)
        guard repairs else { return }
        try body()
        findings[findings.count - 1].isRepaired = true
    }
}
