internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata

/// Reads runs for the listing, one after another, with reused memory. For one thread at a time.
final class RunReader {
    let memory = FileMemory()
    let parser = JSONParser()
    private let metricsFiles: MetricsFiles
    private static let usualDocument = 64 << 10

    init(_ metricsFiles: MetricsFiles = MetricsFiles()) { self.metricsFiles = metricsFiles }

    /// The contents of a run's data directory.
    struct Found {
        let stamp: RunStamp
        /// The time of the last write, seconds since 1970, as in `RunFiles.updated`.
        let updated: Double
        let summary: RunSummary
        /// How far the rows were read; nil if there are none.
        let rows: RowsMark?
        /// What could not be read; nil if all was.
        let fault: String?
        /// Whether a file was truncated: it is being written, and has to be read again soon.
        let isTorn: Bool
    }

    /// The most bytes of a document, of a property's text, and of a whole run that are read for its listing.
    static let largestDocument = 16 << 20
    private static let longestProperty = 1 << 20
    private static let largestFrame = 256 << 20
    private static let mostBytes = 256 << 20
    /// The most properties that are read.
    static let mostProperties = RunSummary.mostColumns

    /// The reading of one run: its budget, and what could not be read.
    private struct Reading {
        var parts = RunStamp.Parts()
        var updated = 0.0
        var left = RunReader.mostBytes
        var fault: String?
        var isTorn = false

        /// Whether a JSON text is truncated, which is noted as a fault.
        mutating func isCut(_ text: UnsafeRawBufferPointer, _ name: String) -> Bool {
            guard JSONExtent.isCut(text) else { return false }
            isTorn = true
            note(fault: "\(name) is truncated: a program is writing it, or was killed while it did")
            return true
        }

        mutating func note(_ status: stat?, counts: Bool = false) {
            parts.add(status)
            if counts, let time = status?.st_mtim {
                updated = max(updated, Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
            }
        }

        mutating func note(fault: String) { self.fault = self.fault ?? fault }

        /// Whether so much may be read; if not, that is noted as a fault.
        mutating func allows(_ size: Int, _ limit: Int, of name: String) -> Bool {
            if size <= min(limit, left) {
                left -= size
                return true
            }
            note(fault: "\(name) is over \(min(limit, left)) bytes")
            return false
        }
    }

    /// Reads a run's directory. Unreadable parts are left out, and noted.
    /// - Parameter known: how far the rows were read before
    /// - Throws: if there is none, or if the server is short of descriptors or memory
    func read(_ run: RunID, in directory: String, known: RowsMark?) throws(FileFailure) -> Found {
        let folder = try RunDirectory(directory).openData()
        // Each status is read before the content, so that a change meanwhile is noticed later.
        var reading = Reading()
        reading.note(folder.status, counts: true)
        let flags = try object(.flags, in: folder, &reading)
        let evaluation = try object(.evaluation, in: folder, &reading)
        let error = try object(.error, in: folder, &reading)
        let (digest, mark) = try metrics(of: run, in: folder, known, &reading)
        let properties = try properties(in: folder, &reading)
        let summary = RunSummary(
            run: run, properties: properties, flags: flags, evaluation: evaluation, error: error, digest: digest)
        return Found(
            stamp: reading.parts.stamp, updated: reading.updated, summary: summary, rows: mark,
            fault: reading.fault ?? summary.omitted.map { "it has \($0)" }, isTorn: reading.isTorn)
    }

    private func object(
        _ path: DataPath, in folder: RunDirectory.Folder, _ reading: inout Reading
    ) throws(FileFailure) -> JSONObject? {
        let name = path.description
        let status = folder.status(of: name)
        reading.note(status)
        guard let status, status.st_mode & S_IFMT == S_IFREG else {
            if status != nil { reading.note(fault: "\(name) is not a file") }
            return nil
        }
        guard reading.allows(Int(status.st_size), Self.largestDocument, of: name) else { return nil }
        do throws(FileFailure) {
            guard let text = try folder.read(name, into: memory, atMost: Self.largestDocument)?.result else {
                return nil
            }
            if reading.isCut(text, name) { return nil }
            let object = parse(text) { tokens in tokens.object(atMost: RunSummary.mostColumns) }
            if object == nil { reading.note(fault: "\(name) is not a JSON object") }
            return object
        } catch {
            if error.isShortage { throw error }
            reading.note(fault: "\(name): \(error.call): \(error.errno)")
            return nil
        }
    }

    private func metrics(
        of run: RunID, in folder: RunDirectory.Folder, _ known: RowsMark?, _ reading: inout Reading
    ) throws(FileFailure) -> (MetricsDigest?, RowsMark?) {
        do throws(FileFailure) {
            let files = RunStamp.Metrics(in: folder)
            for status in files.parts { reading.note(status, counts: true) }
            var isRewritten = false
            if files.isDoubtful {
                isRewritten = metricsFiles.holder(of: run.description, in: folder.run) == .frame
            }
            if files.rows != nil, !isRewritten {
                let rows = try folder.withFile(DataPath.metricsRows.description) {
                    (file, status) throws(FileFailure) -> RowsMark in
                    var mark = known ?? RowsMark()
                    mark.read(file, status, by: self)
                    return mark
                }
                if let mark = rows?.result { return (mark.tail.digest, mark) }
                if rows != nil { reading.note(fault: "metrics.ndjson is not a file") }
            }
            let name = DataPath.metricsFrame.description
            guard let status = files.frame, status.st_mode & S_IFMT == S_IFREG,
                reading.allows(Int(status.st_size), Self.largestFrame, of: name)
            else { return (nil, nil) }
            guard let text = try folder.read(name, into: memory, atMost: Self.largestFrame)?.result,
                !reading.isCut(text, name)
            else { return (nil, nil) }
            return (digest(ofFrame: text), nil)
        } catch {
            if error.isShortage { throw error }
            reading.note(nil, counts: true)
            reading.note(fault: "metrics: \(error.call): \(error.errno)")
            return (nil, nil)
        }
    }

    private func properties(
        in folder: RunDirectory.Folder, _ reading: inout Reading
    ) throws(FileFailure) -> [(name: String, text: String)] {
        var properties: [(name: String, text: String)] = []
        do throws(FileFailure) {
            guard let folder = try folder.folder(DataPath.properties) else {
                reading.note(nil)
                return []
            }
            reading.note(folder.status, counts: true)
            var count = 0
            try folder.eachName { (name) throws(FileFailure) in
                count += 1
                if count > Self.mostProperties {
                    return reading.note(fault: "it has over \(Self.mostProperties) properties")
                }
                guard let status = folder.status(of: name) else { return reading.note(nil) }
                let isOutput = strcmp(name, PropertyName.output.description) == 0
                reading.note(status, counts: isOutput)
                if isOutput, ConsoleOutput.isTooLong(String(cString: name), size: Int(status.st_size)) { return }
                guard status.st_mode & S_IFMT == S_IFREG,
                    reading.allows(Int(status.st_size), Self.longestProperty, of: "a property")
                else { return }
                do throws(FileFailure) {
                    let text = try folder.read(name, into: memory, atMost: Self.longestProperty)?.result
                    let property = PropertyName(String(cString: name))
                    let keepsPlace = text?.isEmpty ?? true && property?.keepsPlace ?? false
                    if let text, !keepsPlace {
                        properties.append((String(cString: name), PropertyText.read(text, of: property)))
                    }
                } catch {
                    if error.isShortage { throw error }
                    reading.note(fault: "a property: \(error.call): \(error.errno)")
                }
            }
        } catch {
            if error.isShortage { throw error }
            reading.note(fault: "properties: \(error.call): \(error.errno)")
        }
        properties.sort { $0.name < $1.name }
        return properties
    }

    private func digest(ofFrame text: UnsafeRawBufferPointer) -> MetricsDigest? {
        parse(text) { tokens in MetricsFrame(columnsAt: 0, of: tokens, in: text)?.digest }
    }

    /// Lends the tokens of an object; nil if the text is not an object.
    private func parse<Result>(_ text: UnsafeRawBufferPointer, _ body: (JSONTokens) -> Result?) -> Result? {
        // A parser keeps its memory; for a large document a new one is used and dropped.
        let parser = text.count > Self.usualDocument ? JSONParser() : parser
        return withExtendedLifetime(parser) {
            guard let tokens = try? parser.parse(text, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
                return nil
            }
            return body(tokens)
        }
    }
}
