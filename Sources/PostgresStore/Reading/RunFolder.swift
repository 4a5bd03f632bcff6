internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// A run, or what waits for a session's next one, as stored in the database at one moment.
struct RunFolder: Sendable {
    let key: String
    let place: RunPlace
    /// When its metadata changed, seconds since 1970.
    let modified: Double
    /// Files by path, with the bytes of small ones.
    let files: [ArtifactPath: KnownFile]
    /// How far the rows of its metrics were read at the last refresh.
    let mark: RowsMark

    /// Which files to read.
    enum Part {
        case all
        case metadata
        /// Only these files of its metadata.
        case paths([DataPath])
        /// The files at a path and below; nil: all files, without their bytes.
        case tree(ArtifactPath?)
    }

    /// Reads a run; nil if there is none.
    static func read(_ key: String, _ part: Part, on connection: Connection) throws(DatabaseError) -> RunFolder? {
        try read([key], part, on: connection)[key]
    }

    static func read(_ keys: [String], _ part: Part, on connection: Connection) throws(DatabaseError) -> [String:
        RunFolder]
    {
        let isMetadata = "f.path > 'tfruns.d/' AND f.path < 'tfruns.d0'"
        // Which files to find, and of which to read the bytes too. A run can have any number of artifacts.
        var (condition, held) = ("true", "true")
        var parameters: [Parameter] = [.texts(keys)]
        switch part {
        case .all: held = isMetadata
        case .metadata: condition = isMetadata
        case .paths(let paths):
            condition = "f.path = ANY ($2)"
            parameters.append(.texts(paths.map { ArtifactPath($0).description }))
        case .tree(nil): held = "false"
        case .tree(let path?):
            // The frame is made from the rows.
            let made = path.dataPath == .metricsFrame ? [ArtifactPath(.metricsRows)] : []
            condition = "(f.path = ANY ($2) OR f.path > $3 AND f.path < $4)"
            held = "f.path = ANY ($2)"
            parameters += [
                .texts(([path] + made).map(\.description)), .text("\(path)/"), .text("\(path)0"),
            ]
        }
        // One statement, so that all data is of one moment.
        let rows = try connection.run(
            Statement(
                """
                SELECT r.run, r.place, r.modified, f.path, f.content, f.size, f.modified,
                    CASE WHEN \(held) AND f.object IS NULL AND f.size <= \(KnownFile.small) THEN coalesce((
                        SELECT string_agg(p.bytes, ''::bytea ORDER BY p.position) FROM pieces p
                        WHERE p.run = f.run AND p.content = f.content), ''::bytea) END, f.object,
                    s.rows_content, s.rows_size, s.tail
                FROM runs r LEFT JOIN files f ON f.run = r.run AND \(condition) LEFT JOIN summaries s ON s.run = r.run
                WHERE r.run = ANY ($1)
                """, parameters: parameters, isKept: true))
        var folders: [String: RunFolder] = [:]
        var files: [String: [ArtifactPath: KnownFile]] = [:]
        var first: [String: Int] = [:]
        for row in 0..<rows.count {
            let key = rows.text(row, 0)
            first[key] = first[key] ?? row
            guard !rows.isNull(row, 3), let path = ArtifactPath(rows.text(row, 3)) else { continue }
            files[key, default: [:]][path] = KnownFile(
                content: rows.int(row, 4), size: rows.int(row, 5), modified: rows.double(row, 6),
                bytes: rows.bytes(row, 7), object: rows.isNull(row, 8) ? nil : rows.text(row, 8))
        }
        for (key, row) in first {
            folders[key] = RunFolder(
                key: key, place: RunPlace(rawValue: UInt8(rows.int(row, 1))) ?? .pending, modified: rows.double(row, 2),
                files: files[key] ?? [:], mark: RowsMark(rows, row, from: 9))
        }
        return folders
    }

    // MARK: Files

    func file(_ path: DataPath) -> KnownFile? { files[ArtifactPath(path)] }

    /// The paths of all files, sorted, with the frame that is made from rows.
    var paths: [ArtifactPath] {
        var paths = Set(files.keys)
        if file(.metricsRows) != nil { paths.insert(ArtifactPath(.metricsFrame)) }
        return paths.sorted { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }
    }

    /// A file of the run's directory. The frame is made from the rows.
    func blob(_ path: ArtifactPath, _ pool: ConnectionPool) throws(StoreError) -> (any Blob)? {
        if path.dataPath == .metricsFrame, let rows = file(.metricsRows) {
            return MadeBlob(try bytes(rows, pool).withUnsafeBytes { MetricsFrame(rows: $0).text }, of: rows)
        }
        return files[path].map { PostgresBlob($0, of: key, pool: pool) }
    }

    /// A file of metadata. Of a list that was written differently from how it was sent, the text as sent.
    func blob(_ path: DataPath, _ pool: ConnectionPool) throws(StoreError) -> (any Blob)? {
        if let sent = path.sent, let exact = file(sent) {
            let there = try file(path).map { file throws(StoreError) in try bytes(file, pool) }
            if NamedListFiles(sent: try bytes(exact, pool))?.file == there { return try blob(ArtifactPath(sent), pool) }
        }
        return try blob(ArtifactPath(path), pool)
    }

    func bytes(_ file: KnownFile, _ pool: ConnectionPool) throws(StoreError) -> [UInt8] {
        if let bytes = file.bytes { return bytes }
        if file.size > heldMetrics.most { throw .tooLarge("a file of \(key) is more than is held in memory") }
        return try PostgresBlob(file, of: key, pool: pool).read()
    }

    /// The rows of the metrics; nil if there are none.
    func rows(_ pool: ConnectionPool) throws(StoreError) -> (any MetricsText)? {
        if let rows = file(.metricsRows) { return PostgresBlob(rows, of: key, pool: pool) }
        guard let frame = file(.metricsFrame) else { return nil }
        return MadeBlob(try MetricsFrame.storedRows(ofFrame: try bytes(frame, pool)), of: frame)
    }

    // MARK: Contents

    /// The texts of its properties by name, without those that are too long to be shown.
    func properties(_ pool: ConnectionPool) throws(StoreError) -> [(name: String, text: String)] {
        var properties: [(name: String, text: String)] = []
        for path in paths {
            guard let name = path.dataPath?.property, let file = files[path],
                !ConsoleOutput.isTooLong(name.description, size: file.size),
                let text = PropertyText.value(of: name, try bytes(file, pool))
            else { continue }
            properties.append((name.description, text))
        }
        return properties
    }

    private func object(_ path: DataPath, _ pool: ConnectionPool) throws(StoreError) -> JSONObject? {
        guard let file = file(path) else { return nil }
        return (try? JSONValue.parse(try bytes(file, pool), nonFinite: .allowed))?.object
    }

    /// What listings show of the run.
    /// - Returns: also how far its rows have now been read
    func summary(_ pool: ConnectionPool) throws(StoreError) -> (summary: RunSummary, mark: RowsMark) {
        var mark = mark
        var digest: MetricsDigest?
        if let rows = file(.metricsRows) {
            digest = try mark.read(rows, of: self, pool)
        } else if let frame = file(.metricsFrame) {
            let bytes = try bytes(frame, pool)
            digest = bytes.withUnsafeBytes { MetricsFrame.withColumns(of: $0, \.digest) } ?? nil
        }
        let summary = RunSummary(
            run: RunID(key) ?? RunID("run")!, properties: try properties(pool), flags: try object(.flags, pool),
            evaluation: try object(.evaluation, pool), error: try object(.error, pool), digest: digest)
        return (summary, mark)
    }
}

/// How far a run's rows have been read for its listing, so that the next refresh reads only the rest.
struct RowsMark: Sendable {
    private(set) var content: Int?
    private(set) var size = 0
    private(set) var tail = MetricsTail()

    /// - Parameter column: the first of content, size and tail
    init(_ rows: Rows, _ row: Int, from column: Int) {
        guard !rows.isNull(row, column), let bytes = rows.bytes(row, column + 2), let tail = MetricsTail(bytes[...])
        else { return }
        (content, size, self.tail) = (rows.int(row, column), rows.int(row, column + 1), tail)
    }

    /// The tail in the form in which it is stored.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        tail.append(to: &bytes)
        return bytes
    }

    /// Reads the rows that were appended since.
    mutating func read(_ rows: KnownFile, of folder: RunFolder, _ pool: ConnectionPool) throws(StoreError)
        -> MetricsDigest?
    {
        if content != rows.content || size > rows.size { (content, size, tail) = (rows.content, 0, MetricsTail()) }
        let text = PostgresBlob(rows, of: folder.key, pool: pool)
        let parser = JSONParser()
        while size < rows.size {
            var part = try text.read(size..<min(rows.size, size + (4 << 20)))
            let isLast = size + part.count == rows.size
            // Cuts the part after its last whole row.
            if !isLast, let end = part.lastIndex(of: UInt8(ascii: "\n")) { part.removeSubrange((end + 1)...) }
            let isClear = part.withUnsafeBytes { tail.read($0, parser: parser) }
            if !isClear {
                // The part alone does not show it: reads all rows.
                let bytes = try folder.bytes(rows, pool)
                tail = bytes.withUnsafeBytes { MetricsFrame(rows: $0).tail }
                size = rows.size
                break
            }
            size += part.count
        }
        return tail.digest
    }
}
