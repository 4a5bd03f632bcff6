internal import JSON
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// All values of a metric, by time, then step, then value, as MLflow's server sorts them. One that was sent twice with
/// the same time and step, since its reply was lost or by a client that logs in the background, is there once, as in
/// MLflow.
struct MetricHistory: Sendable {
    /// One value.
    struct Value: Hashable, Comparable, Sendable {
        /// Milliseconds since 1970.
        let time: Int
        let step: Int
        /// The bits of the number, so that NaN equals NaN.
        private let bits: UInt64

        init(time: Int, step: Int, number: Double) { (self.time, self.step, bits) = (time, step, number.bitPattern) }

        var number: Double { Double(bitPattern: bits) }

        static func < (one: Value, other: Value) -> Bool {
            if one.time != other.time { return one.time < other.time }
            if one.step != other.step { return one.step < other.step }
            // NaN after all numbers.
            return one.number < other.number || (other.number.isNaN && !one.number.isNaN)
        }
    }

    let key: String
    let values: [Value]

    /// The most values: a hundred megabytes of them.
    static let most = 4_000_000

    /// - Parameter values: in the order in which they were sent
    init(_ key: String, _ values: [Value]) {
        self.key = key
        var distinct: [Value] = []
        distinct.reserveCapacity(values.count)
        for value in values.sorted() where distinct.last != value { distinct.append(value) }
        self.values = distinct
    }

    func entries(_ range: Range<Int>) -> [MetricEntry] {
        values[range].map { MetricEntry(key: key, value: JSONNumber($0.number), timestamp: $0.time, step: $0.step) }
    }
}

/// Histories that were read last, so that a long one is not read anew for each of its pages.
final class MetricHistories: Sendable {
    private struct Known {
        let run: RunID
        let history: MetricHistory
        let version: BlobVersion
    }

    private let known = Mutex<[Known]>([])

    /// The history of a metric as it was in a version of the run's log.
    func find(_ key: String, of run: RunID, _ version: BlobVersion) -> MetricHistory? {
        known.withLock { known in
            known.first { $0.version == version && $0.run == run && ExactText($0.history.key) == ExactText(key) }?
                .history
        }
    }

    func keep(_ history: MetricHistory, of run: RunID, _ version: BlobVersion) {
        // A short one is read again in a moment.
        if history.values.count < 10_000 { return }
        known.withLock { known in
            known.append(Known(run: run, history: history, version: version))
            // A hundred megabytes in all.
            while known.reduce(0, { $0 + $1.history.values.count }) > MetricHistory.most { known.removeFirst() }
        }
    }
}
