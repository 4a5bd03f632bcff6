internal import CLinux
internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The documents of a run that a listing needs, read from its files.
struct RunDocuments {
    let properties: [(name: String, text: String)]
    private(set) var flags: JSONObject?
    private(set) var evaluation: JSONObject?
    private(set) var error: JSONObject?

    /// Whether one of them, or the frame of metrics, stayed truncated in all attempts.
    private(set) var isTorn = false

    init(in run: RunDirectory) throws(StoreError) {
        properties = try storing { () throws(FileFailure) in try RunFiles.properties(in: run, waits: true) }
            .map { (name: $0.0, text: $0.1) }
        (flags, evaluation, error) = (nil, nil, nil)
        flags = try object(.flags, run)
        evaluation = try object(.evaluation, run)
        error = try object(.error, run)
    }

    /// The documents of a new run, from the redo records that write them.
    init(of records: [RedoRecord]) {
        var texts: [ExactText: [UInt8]] = [:]
        for record in records {
            if case .put(let path, let bytes) = record.step { texts[ExactText(path)] = bytes }
        }
        properties = texts.compactMap { text, bytes -> (name: String, text: String)? in
            guard let name = DataPath(text.text)?.property, !(name.keepsPlace && bytes.isEmpty),
                !ConsoleOutput.isTooLong(name.description, size: bytes.count)
            else { return nil }
            return (name.description, PropertyText.read(bytes, of: name))
        }.sorted { $0.name < $1.name }
        flags = texts[ExactText(DataPath.flags.description)].flatMap {
            try? JSONValue.parse($0, nonFinite: .allowed).object
        }
    }

    /// The run's row.
    func summary(of run: RunID, _ digest: MetricsDigest?) -> RunSummary {
        RunSummary(
            run: run, properties: properties, flags: flags, evaluation: evaluation, error: error, digest: digest)
    }

    private mutating func object(_ path: DataPath, _ run: RunDirectory) throws(StoreError) -> JSONObject? {
        do throws(StoreError) {
            return try Settling.read(path, in: run) { () throws(StoreError) -> Settled<JSONObject?> in
                let file = try storing { () throws(FileFailure) in try run.openIfInReach(RunPath(path)) }
                guard let file else { return .whole(nil) }
                defer { close(file) }
                // As in listings.
                if Int(Files.status(of: file).st_size) > RunReader.largestDocument { return .whole(nil) }
                return try Settling.withText(of: file, path) { text in
                    try? JSONValue.parse(Array(text), nonFinite: .allowed).object
                }
            }
        } catch {
            guard case .beingWritten = error else { throw error }
            isTorn = true
            return nil
        }
    }

    /// The digest of a `metrics.json`; nil if there is none, or it is not a frame.
    /// - Throws: `beingWritten` if it stays truncated
    static func digestOfFrame(in run: RunDirectory) throws(StoreError) -> MetricsDigest? {
        try Settling.read(.metricsFrame, in: run) { () throws(StoreError) -> Settled<MetricsDigest?> in
            let file = try storing { () throws(FileFailure) in try run.openIfInReach(RunPath(.metricsFrame)) }
            guard let file else { return .whole(nil) }
            defer { close(file) }
            do throws(StoreError) {
                return try Settling.withText(of: file, .metricsFrame) { bytes in
                    let parser = JSONParser()
                    return withExtendedLifetime(parser) {
                        guard let tokens = try? parser.parse(bytes, nonFinite: .allowed) else { return nil }
                        return MetricsFrame(columnsAt: 0, of: tokens, in: bytes)?.digest
                    }
                }
            } catch {
                // Too large for memory; the rest of the run is listed.
                return .whole(nil)
            }
        }
    }
}
