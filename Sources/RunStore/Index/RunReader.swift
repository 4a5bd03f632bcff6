internal import Glibc
internal import JSON
internal import RunMetadata

/// Reads what a listing tells of runs, one after the other, with memory that is used again. For one thread at a time.
final class RunReader {
    let memory = FileMemory()
    let parser = JSONParser()
    private static let usualDocument = 64 << 10

    /// A run's data directory as it was found.
    struct Found {
        let stamp: RunStamp
        /// When something was written last, seconds since 1970, as `RunFiles.updated` tells it.
        let updated: Double
        let summary: RunSummary
        /// How far the rows were read; nil where there are none.
        let rows: RowsMark?
    }

    /// Reads a data directory.
    /// - Parameter known: how far the rows were read before
    /// - Throws: also where there is none
    func read(_ run: RunID, data: String, known: RowsMark?) throws(FileFailure) -> Found {
        let folder = try OpenFolder(data)
        // Each thing is looked at before it is read: what changes meanwhile is seen to have changed since.
        var parts = RunStamp.Parts()
        var updated = 0.0
        func note(_ status: stat?, counts: Bool = false) {
            parts.add(status)
            if counts, let time = status?.st_mtim {
                updated = max(updated, Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
            }
        }
        note(folder.status, counts: true)
        func object(_ path: DataPath) throws(FileFailure) -> JSONObject? {
            let file = try folder.read(path.description, into: memory)
            note(file?.status)
            return file?.result.flatMap { parse($0) { tokens in tokens.value().object } }
        }
        let flags = try object(.flags)
        let evaluation = try object(.evaluation)
        let error = try object(.error)

        var mark: RowsMark?
        var digest: MetricsDigest?
        let rows = try folder.withFile(DataPath.metricsRows.description) { (file, status) throws(FileFailure) in
            var mark = known ?? RowsMark()
            mark.read(file, status, by: self)
            return mark
        }
        note(rows?.status, counts: true)
        if let found = rows?.result {
            (mark, digest) = (found, found.tail.digest)
        } else {
            let frame = try folder.read(DataPath.metricsFrame.description, into: memory)
            if rows == nil { note(frame?.status) }
            digest = frame?.result.flatMap(digest(ofFrame:))
        }

        var properties: [(name: String, text: String)] = []
        if let folder = try folder.folder(DataPath.properties) {
            note(folder.status, counts: true)
            try folder.eachName { (name, folder) throws(FileFailure) in
                let file = try folder.read(name, into: memory)
                note(file?.status)
                if let bytes = file?.result { properties.append((String(cString: name), PropertyText.read(bytes))) }
            }
        } else {
            note(nil)
        }
        properties.sort { $0.name < $1.name }
        let summary = RunSummary(
            run: run, properties: properties, flags: flags, evaluation: evaluation, error: error, digest: digest)
        return Found(stamp: parts.stamp, updated: updated, summary: summary, rows: mark)
    }

    private func digest(ofFrame text: UnsafeRawBufferPointer) -> MetricsDigest? {
        parse(text) { tokens in try? MetricsFrame(columnsAt: 0, of: tokens, in: text).digest }
    }

    /// Lends the tokens of an object; nil where a text is none.
    private func parse<Result>(_ text: UnsafeRawBufferPointer, _ body: (JSONTokens) -> Result?) -> Result? {
        // A parser keeps what memory it needed; that of a large document is not kept.
        let parser = text.count > Self.usualDocument ? JSONParser() : parser
        return withExtendedLifetime(parser) {
            guard let tokens = try? parser.parse(text, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
                return nil
            }
            return body(tokens)
        }
    }
}
