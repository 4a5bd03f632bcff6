internal import JSON
package import RunMetadata
package import RunStore

/// Appends rows to a file of NDJSON or CSV.
package struct RowsWriter: MetadataWriter {
    package let type: MetadataType
    package let summary: String
    /// The default forms.
    static let allForms: [BodyForm] = [.json, .ndjson, .csv, .form, .multipart]

    package let forms: [BodyForm]
    package let limit: Int?
    let path: PathTemplate
    let schema: DocumentSchema?
    /// The columns of a CSV file; nil: the file is NDJSON.
    let columns: [String]?

    package var readsRequest: Bool { path.fixed == nil }

    package var document: StoredDocument? {
        if let fixed = path.fixed {
            return .file(fixed, mediaType: columns == nil ? "application/x-ndjson" : "text/csv")
        }
        return path.folder.map { .folder($0) }
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        let rows = try rows(of: body)
        if rows.isEmpty {
            throw MetadataFault.shape(JSONPointer(), "\(type): the body has no row; send at least one")
        }
        var text: [UInt8] = []
        for (index, row) in rows.enumerated() {
            if let columns {
                try appendCSV(row, columns, index, to: &text)
            } else {
                let line = JSONWriter.compact(.object(row))
                try schema?.check(line, "\(type) row \(index + 1)", at: JSONPointer().appending(index))
                text += line + [UInt8(ascii: "\n")]
            }
        }
        let head = columns.map { CSVText.line($0) } ?? []
        return [.append(try path.path(for: request, type: type), head: head, text)]
    }

    // MARK: Reading

    private func rows(of body: MetadataBody) throws -> [JSONObject] {
        switch body {
        case .json(let bytes):
            let value: JSONValue
            do { value = try JSONValue.parse(bytes) } catch { throw MetadataFault(error) }
            if let row = value.object { return [row] }
            return try (value.array ?? [value]).enumerated().map { try row($1, $0) }
        case .ndjson(let bytes):
            var rows: [JSONObject] = []
            var start = 0
            for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                defer { start += line.count + 1 }
                if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
                let value: JSONValue
                do { value = try JSONValue.parse(Array(line)) } catch {
                    throw MetadataFault(JSONSyntaxError(offset: start + error.offset, reason: error.reason))
                }
                rows.append(try row(value, rows.count))
            }
            return rows
        case .csv(let bytes):
            let table = try CSVTable(bytes, type: type)
            return table.rows.map { fields in JSONObject(zip(table.header, fields.map(CSVText.value))) }
        case .text, .archive, .files, .raw:
            throw MetadataFault(.contentType(allowed: []), "\(type): this form of body cannot hold rows")
        }
    }

    private func row(_ value: JSONValue, _ index: Int) throws(MetadataFault) -> JSONObject {
        guard let row = value.object else {
            throw .shape(
                JSONPointer().appending(index),
                "\(type) row \(index + 1): a row has to be an object, such as {\"name\": 1}")
        }
        return row
    }

    // MARK: CSV

    private func appendCSV(
        _ row: JSONObject, _ columns: [String], _ index: Int, to text: inout [UInt8]
    ) throws(MetadataFault) {
        let pointer = JSONPointer().appending(index)
        try schema?.check(JSONWriter.compact(.object(row)), "\(type) row \(index + 1)", at: pointer)
        for name in row.names where !columns.contains(name) {
            throw .shape(
                pointer.appending(name),
                "\(type) row \(index + 1): \"\(name)\" is not a column; the columns are: \(columns.joined(separator: ", "))"
            )
        }
        var fields: [String] = []
        for name in columns {
            guard let field = CSVText.field(row[name] ?? .null) else {
                throw .shape(
                    pointer.appending(name),
                    "\(type) row \(index + 1): \"\(name)\" is a list or an object, which a field of CSV cannot hold")
            }
            fields.append(field)
        }
        text += CSVText.line(fields)
    }
}
