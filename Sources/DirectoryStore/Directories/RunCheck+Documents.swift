internal import Glibc
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks a run's documents for values on which tfruns fails, and so for all runs.
extension RunCheck {
    func checkNamedList(_ document: DataPath) throws {
        let path = RunPath(document)
        if let object = try checkJSON(path) {
            let odd = object.members.map(\.name).filter { !Self.isName($0) }
            if !odd.isEmpty {
                report(path, "has names that are empty, too long, or have control characters: \(Self.some(odd))")
            }
            let breaking = object.namesThatBreakListing
            if !breaking.isEmpty {
                try mend(
                    path,
                    "has values that break ls_runs() for all runs: \(Self.some(breaking))",
                    "remove empty values, cut long texts in arrays, and keep the present list as \(document.sent.map { "\($0)" } ?? "")"
                ) { try write(NamedListFiles(object), document) }
            } else {
                try checkQuotes(path) { try write(NamedListFiles(object), document) }
            }
        }
        try checkExact(document)
    }

    /// Checks whether an exact list still belongs to its file.
    private func checkExact(_ document: DataPath) throws {
        guard let exact = document.sent.map({ RunPath($0) }), case .file = try directory.look(exact),
            let sent = try content(of: exact)
        else { return }
        guard let current = try directory.openExact(document) else { return }
        defer { close(current) }
        if Int(Files.status(of: current).st_size) == sent.count,
            try Files.read(current, path: document.description) == sent
        {
            return
        }
        try mend(exact, "belongs to an earlier \(document), which another program has rewritten", "remove it") {
            try directory.remove(exact)
        }
    }

    private func write(_ list: NamedListFiles, _ document: DataPath) throws {
        if let exact = document.sent, let sent = list.sent { try write(sent, RunPath(exact)) }
        try write(list.file, RunPath(document))
    }

    private static func isName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// Names for a terminal: a few, without effect.
    private static func some(_ names: [String]) -> String {
        names.prefix(5).map { name in
            let visible = name.unicodeScalars.prefix(60).map { scalar in
                scalar.properties.generalCategory == .control
                    ? "\\u{\(String(scalar.value, radix: 16))}" : String(Character(scalar))
            }
            return visible.joined() + (name.unicodeScalars.count > 60 ? "…" : "")
        }.joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    }

    /// Checks for bare NaN and infinities, which R does not read as JSON.
    func checkQuotes(_ path: RunPath, _ repair: () throws -> Void) throws {
        guard let text = try directory.readIfInReach(path), (try? JSONValue.parse(text)) == nil else { return }
        try mend(
            path, "has NaN or an infinity without quotes, which breaks ls_runs() for all runs", "quote it", repair)
    }

    func checkError() throws {
        let path = RunPath(.error)
        guard let error = try checkJSON(path) else { return }
        try checkQuotes(path) { try write(JSONWriter.pretty(.object(error)), path) }
        if error["message"]?.unboxed.string == nil {
            report(path, "has no text \"message\", so that ls_runs() may fail for all runs")
        }
    }

    /// Checks for a property `metrics` that tfruns takes for a path: if the run has no `metrics.json`, whose path
    /// tfruns would use instead.
    private func checkPath() throws {
        let path = RunPath(DataPath.property(.metrics))
        guard directory.status(RunPath(.metricsFrame)) == nil, let file = try content(of: path) else {
            return
        }
        let exact = PropertyText.file(of: .string(PropertyText.read(file, of: .metrics)), .metrics) ?? []
        if file.isEmpty || file == exact { return }
        try mend(
            path, "is taken for the path of a file, which breaks latest_run() and view_run() where R finds one",
            "add an empty line, which the server passes over"
        ) { try write(exact, path) }
    }

    func checkProperties() throws {
        let names = try RunFiles.propertyNames(in: directory).compactMap { PropertyName($0) }
        for whole in PropertyName.abbreviated where place != .pending && !names.contains(whole) {
            guard let name = names.first(where: { $0.readAs == whole }) else { continue }
            let path = RunPath(DataPath.property(whole))
            try mend(
                path, "is missing, so that R reads \(name) instead, which breaks latest_run() and view_run()",
                "write an empty file, which counts as missing"
            ) { try write([], path) }
        }
        try checkPath()
        for name in names.map(\.description) {
            guard let path = DataPath("\(DataPath.properties)/\(name)").map({ RunPath($0) }) else { continue }
            switch try directory.look(path) {
            case .folder: report(path, "is a folder, which breaks ls_runs() for all runs")
            case .file:
                guard let typed = TypedProperty(name), let file = try content(of: path) else { continue }
                let text = PropertyText.read(file)
                if typed == .count, TypedProperty.isMissing(text) {
                    try mend(path, "is missing (\"\(text)\"), which breaks view_run()", "remove it") {
                        try directory.remove(path)
                    }
                } else if !typed.isRead(text), name != PropertyName.end.description || !TypedProperty.isMissing(text) {
                    report(path, "is \"\(text.shown(atMost: 60))\", which ls_runs() does not read as \(typed.rule)")
                }
            default: continue
            }
        }
    }
}
