internal import CLinux
internal import Glibc
internal import JSON
internal import RunMetadata

/// What a listing needs of a run's data directory, read from its files.
struct RunDocuments {
    let properties: [(name: String, text: String)]
    let flags: JSONObject?
    let evaluation: JSONObject?
    let error: JSONObject?

    init(in data: String) throws(FileFailure) {
        properties = try RunFiles.properties(in: data).map { (name: $0.0, text: $0.1) }
        flags = try Self.object(.flags, data)
        evaluation = try Self.object(.evaluation, data)
        error = try Self.object(.error, data)
    }

    /// The run's row.
    func summary(of run: RunID, _ digest: MetricsDigest?) -> RunSummary {
        RunSummary(
            run: run, properties: properties, flags: flags, evaluation: evaluation, error: error, digest: digest)
    }

    private static func object(_ path: DataPath, _ data: String) throws(FileFailure) -> JSONObject? {
        guard let bytes = try Files.read("\(data)/\(path)") else { return nil }
        return try? JSONValue.parse(bytes, nonFinite: .allowed).object
    }

    /// The digest of a `metrics.json`; nil where there is none, or one that is no frame.
    static func digestOfFrame(in data: String) throws(FileFailure) -> MetricsDigest? {
        guard let file = try Files.openIfThere("\(data)/\(DataPath.metricsFrame)") else { return nil }
        defer { close(file) }
        let digest = try? WholeText.withBytes(
            file, size: Int(Files.status(of: file).st_size), of: "metrics.json"
        ) { bytes throws(StoreError) -> MetricsDigest? in
            let parser = JSONParser()
            return withExtendedLifetime(parser) {
                guard let tokens = try? parser.parse(bytes, nonFinite: .allowed) else { return nil }
                return try? MetricsFrame(columnsAt: 0, of: tokens, in: bytes).digest
            }
        }
        return digest ?? nil
    }
}
