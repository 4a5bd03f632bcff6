internal import CLinux
internal import Glibc
internal import JSON
internal import RunMetadata

/// What a listing needs of a run, read from its files.
struct RunDocuments {
    let properties: [(name: String, text: String)]
    let flags: JSONObject?
    let evaluation: JSONObject?
    let error: JSONObject?

    init(in run: RunDirectory) throws(FileFailure) {
        properties = try RunFiles.properties(in: run).map { (name: $0.0, text: $0.1) }
        flags = try Self.object(.flags, run)
        evaluation = try Self.object(.evaluation, run)
        error = try Self.object(.error, run)
    }

    /// The run's row.
    func summary(of run: RunID, _ digest: MetricsDigest?) -> RunSummary {
        RunSummary(
            run: run, properties: properties, flags: flags, evaluation: evaluation, error: error, digest: digest)
    }

    private static func object(_ path: DataPath, _ run: RunDirectory) throws(FileFailure) -> JSONObject? {
        guard let bytes = try run.readIfInReach(RunPath(path)) else { return nil }
        return try? JSONValue.parse(bytes, nonFinite: .allowed).object
    }

    /// The digest of a `metrics.json`; nil where there is none, or one that is no frame.
    static func digestOfFrame(in run: RunDirectory) throws(FileFailure) -> MetricsDigest? {
        guard let file = try run.openIfInReach(RunPath(.metricsFrame)) else { return nil }
        defer { close(file) }
        let digest = try? WholeText.withBytes(
            file, size: Int(Files.status(of: file).st_size), of: "metrics.json"
        ) { bytes throws(StoreError) -> MetricsDigest? in
            let parser = JSONParser()
            return withExtendedLifetime(parser) {
                guard let tokens = try? parser.parse(bytes, nonFinite: .allowed) else { return nil }
                return MetricsFrame(columnsAt: 0, of: tokens, in: bytes)?.digest
            }
        }
        return digest ?? nil
    }
}
