internal import JSON
internal import RunStore
internal import Synchronization

/// The experiments as the store keeps them: one document, replaced as a whole.
final class Experiments: Sendable {
    private let documents: any DocumentStore
    /// The last version that was read.
    private let known = Mutex<(bytes: [UInt8], list: ExperimentList)?>(nil)

    init(_ documents: any DocumentStore) { self.documents = documents }

    /// The most bytes of the document. It is rewritten for each change.
    private static let largest = 8 << 20

    /// The current experiments. Reads the document each time, since another server may have changed it.
    func list() throws -> ExperimentList { try read().list }

    /// Changes the experiments, completely or not at all. Each of several concurrent changes sees the ones before it.
    func change<Result>(_ body: (inout ExperimentList) throws -> Result) throws -> Result {
        while true {
            let (bytes, before) = try read()
            var list = before
            let result = try body(&list)
            let fresh = list.stored
            if fresh.count > max(Self.largest, bytes?.count ?? 0) {
                throw MLflowError(
                    .resourceExhausted,
                    "The experiments and their tags would be over \(Self.largest) bytes; remove tags, or use fewer experiments",
                    status: 507)
            }
            if try documents.replace(.mlflowExperiments, bytes, by: fresh) {
                known.withLock { [list] in $0 = (fresh, list) }
                return result
            }
        }
    }

    private func read() throws -> (bytes: [UInt8]?, list: ExperimentList) {
        guard let bytes = try documents.document(.mlflowExperiments) else { return (nil, ExperimentList()) }
        if let known = known.withLock({ $0 }), known.bytes == bytes { return (bytes, known.list) }
        guard let list = ExperimentList(stored: bytes) else {
            throw MLflowError(.internalError, "The document mlflow-experiments cannot be read; see .rundir/documents")
        }
        known.withLock { $0 = (bytes, list) }
        return (bytes, list)
    }
}
