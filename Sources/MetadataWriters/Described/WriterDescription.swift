internal import RunMetadata

/// A file `<type>.json` in the writers folder: how a type is stored without code, or how its executable is run.
///
/// | member | of | meaning | |---|---|---|
/// | `description` | all | a text for `GET /types` |
/// | `content_types` | all | the media types accepted: for `file` and executables such as `image/png` or `image/*`,
/// default any; else a subset of those that the store can read, default all of them |
/// | `max_bytes` | all | the largest body; default: `--max-upload` for files and executables, else `--max-body` |
/// | `store` | descriptions | `file` (as sent), `json` (a document), `rows` (appended), `list` (a named list), `folder` (an
/// archive, unpacked) |
/// | `path` | descriptions, but for `folder` | the file below the data directory, with `{name}` for a query field, `{time}` for a new
/// file each time |
/// | `schema` | `json`, `rows`, `list` | a JSON Schema (draft 7) of the document, of each row, of the list |
/// | `columns` | `rows` in a path that ends in `.csv` | the columns, in order |
/// | `time_limit` | executables | seconds, 1 to 86400; default 30 |
/// | `memory` | executables | bytes of address space for each process, 16 MiB to 1 TiB; default 2 GiB |
/// | `max_output` | executables | bytes of all that it writes, including temporary files, 1 to 1 TiB; default 1 GiB |
/// | `processes` | executables | processes at once, 1 to 4096; default 64 |
/// | `network` | executables | whether it may use the network; default false |
struct WriterDescription {
    private static let common = ["description", "content_types", "max_bytes"]
    private static let forExecutables = ["time_limit", "memory", "max_output", "processes", "network"]
    private static let forStores = [
        "file": ["path"], "json": ["path", "schema"], "rows": ["path", "schema", "columns"],
        "list": ["path", "schema"],
        "folder": [],
    ]

    private let type: MetadataType
    private let reader: DescriptionReader

    init(type: MetadataType, text: [UInt8]) throws(WriterFault) {
        self.type = type
        reader = try DescriptionReader(file: "\(type).json", text: text)
    }

    /// The settings of the type's executable.
    func settings() throws(WriterFault) -> ExecutableSettings {
        if reader.has("store") || reader.has("path") {
            throw reader.fault(
                reader.has("store") ? "store" : "path",
                "the type also has an executable, so its description may hold only settings; remove one of the two")
        }
        try reader.check(allowed: Self.common + Self.forExecutables)
        var settings = ExecutableSettings()
        settings.summary = try reader.string("description") ?? settings.summary
        settings.contentTypes = try reader.strings("content_types") ?? []
        settings.maxBytes = try maxBytes()
        settings.timeLimit = try reader.number("time_limit", in: 1...86_400) ?? settings.timeLimit
        settings.memory = try reader.number("memory", in: 16 << 20...1 << 40) ?? settings.memory
        settings.maxOutput = try reader.number("max_output", in: 1...1 << 40) ?? settings.maxOutput
        settings.processes = try reader.number("processes", in: 1...4096) ?? settings.processes
        settings.network = try reader.bool("network") ?? settings.network
        return settings
    }

    /// The writer that the description defines.
    func writer(_ context: FolderWriter.Context) throws(WriterFault) -> any MetadataWriter {
        let stores = "file, json, rows, list, folder"
        guard let store = try reader.string("store") else {
            throw reader.fault(
                "without an executable \"\(type)\", it needs \"store\": one of \(stores)")
        }
        guard let own = Self.forStores[store] else {
            throw reader.fault("store", "unknown store \"\(store)\"; use one of \(stores)")
        }
        try reader.check(allowed: Self.common + ["store"] + own)
        let limit = try maxBytes()
        if store == "folder" {
            return FolderWriter(
                type: type, summary: try summary("A tar, tar.gz or zip, or files of a form, which become the run's."),
                forms: try forms(FolderWriter.allForms), limit: limit, context: context)
        }
        let path = try path()
        switch store {
        case "file":
            return FileWriter(
                type: type, summary: try summary("Stored as a file."),
                rawTypes: try reader.strings("content_types") ?? [], limit: limit, path: path)
        case "json":
            return DocumentWriter(
                type: type, summary: try summary("A JSON document."), forms: try forms(DocumentWriter.allForms),
                limit: limit, path: path, schema: try schema())
        case "rows":
            return RowsWriter(
                type: type, summary: try summary("Rows, appended."), forms: try forms(RowsWriter.allForms),
                limit: limit, path: path, schema: try schema(),
                columns: try columns())
        default:
            guard let fixed = path.fixed else {
                throw reader.fault(
                    "path", "a list is one file, into which PATCH merges; remove the placeholder from its path")
            }
            return ListWriter(
                type: type, summary: try summary("A named list; PATCH merges into it."),
                forms: try forms(ListWriter.allForms), limit: limit, path: fixed,
                schema: try schema())
        }
    }

    // MARK: Members

    private func summary(_ otherwise: String) throws(WriterFault) -> String {
        try reader.string("description") ?? otherwise
    }

    /// The forms of `all` whose media types the description names; all of them if it names none.
    private func forms(_ all: [BodyForm]) throws(WriterFault) -> [BodyForm] {
        guard let types = try reader.strings("content_types") else { return all }
        let known = all.flatMap(\.mediaTypes)
        if let other = types.first(where: { !known.contains($0) }) {
            throw reader.fault(
                "content_types", "\"\(other)\" cannot be read here; use one of: \(known.joined(separator: ", "))")
        }
        return all.filter { form in types.contains { form.mediaTypes.contains($0) } }
    }

    private func maxBytes() throws(WriterFault) -> Int? { try reader.number("max_bytes", in: 1...1 << 40) }

    private func path() throws(WriterFault) -> PathTemplate {
        guard let text = try reader.string("path") else {
            throw reader.fault("it needs \"path\": the file below the data directory, such as \"\(type).json\"")
        }
        do throws(PathTemplate.Failure) { return try PathTemplate(text) } catch {
            throw reader.fault("path", error.reason)
        }
    }

    private func schema() throws(WriterFault) -> DocumentSchema? {
        guard let json = reader.json("schema") else { return nil }
        do throws(DocumentSchema.Failure) { return try DocumentSchema(json) } catch {
            throw reader.fault("schema", "the schema cannot be read: \(error.reason)")
        }
    }

    private func columns() throws(WriterFault) -> [String]? {
        let path = try reader.string("path") ?? ""
        let columns = try reader.strings("columns")
        if path.hasSuffix(".csv") {
            guard let columns, Set(columns).count == columns.count else {
                throw reader.fault(
                    columns == nil ? "path" : "columns", "a CSV file needs \"columns\": a list of different names")
            }
            return columns
        }
        guard path.hasSuffix(".ndjson") || path.hasSuffix(".jsonl") else {
            throw reader.fault("path", "the name of a file of rows has to end in .ndjson, .jsonl or .csv")
        }
        if columns != nil {
            throw reader.fault("columns", "only a CSV file has columns; remove them, or let the path end in .csv")
        }
        return nil
    }
}
