internal import Glibc
internal import HTTPServer
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Counts requests for `GET /metrics`.
///
/// Not by swift-metrics, whose counters are looked up by label and use locked instructions: requests are counted in
/// fixed arrays, by route and status, only on the polling thread, at the cost of a few plain additions each.
package final class Telemetry: Sendable {
    /// The statuses with counters of their own; one more counter is for all others.
    private static let statuses = [
        0, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422,
        429, 431, 500, 501, 502, 503, 504, 505, 507,
    ]
    /// The index of each status, 0 to 599.
    private static let places: [UInt8] = (0..<600).map { UInt8(statuses.firstIndex(of: $0) ?? statuses.count) }
    /// Upper bounds of the latency buckets: 64 µs, doubling up to 34 s.
    private static let bounds: [Double] = (0..<20).map { 0.000064 * Double(1 << $0) }

    /// The tag of an exchange, by which it is counted: the route's index plus 1; 0: no route.
    static func tag(place: Int) -> Int { place + 1 }

    /// Method and template of each tag's route.
    private let labels: [(method: String, template: String)]
    private let requests: Counters
    private let latencies: Counters
    private let times: Counters
    private let bytes = Counters(count: 2)
    private let gauges = Mutex<[(name: String, help: String, read: @Sendable () -> Double)]>([])
    private let counters = Mutex<[(name: String, help: String, read: @Sendable () -> Double)]>([])
    private let runs = Mutex<(counts: [RunStatus: Int], at: Double)?>(nil)

    /// - Parameter routes: the routes, each counted by itself
    init(_ routes: Routes) {
        labels = [("", "")] + routes.all.map { ($0.method.name, $0.template.description) }
        requests = Counters(count: labels.count * (Telemetry.statuses.count + 1))
        latencies = Counters(count: labels.count * (Telemetry.bounds.count + 1))
        times = Counters(count: labels.count)
    }

    /// Adds a gauge of another part, read at each `GET /metrics`, on a worker.
    /// - Parameter name: Prometheus' name, such as `rundir_writers`
    package func addGauge(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Double) {
        gauges.withLock { $0.append((name, help, read)) }
    }

    /// The same for a counter.
    package func addCounter(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Double) {
        counters.withLock { $0.append((name, help, read)) }
    }

    /// Counts a finished request. Called by the polling thread.
    func count(_ exchange: HTTPExchange) {
        let (tag, status) = (exchange.tag, exchange.status)
        let place = Int(Self.places[status < 600 ? status : 599])
        requests.add(1, at: tag * (Self.statuses.count + 1) + place)
        bytes.add(UInt64(exchange.receivedBytes), at: 0)
        bytes.add(UInt64(exchange.sentBytes), at: 1)
        if status == 0 { return }
        let steps = (exchange.nanoseconds + 63_999) / 64_000
        let bucket = steps <= 1 ? 0 : 64 - (steps - 1).leadingZeroBitCount
        latencies.add(1, at: tag * (Self.bounds.count + 1) + min(bucket, Self.bounds.count))
        times.add(exchange.nanoseconds, at: tag)
    }

    /// The number of runs, counted again if the last count is old.
    func runCounts(_ count: () -> [RunStatus: Int]?) -> [RunStatus: Int]? {
        let now = wallClock()
        if let known = runs.withLock({ $0 }), now - known.at < 10, now >= known.at { return known.counts }
        guard let counts = count() else { return nil }
        runs.withLock { $0 = (counts, now) }
        return counts
    }

    // MARK: As text

    func write(to text: inout PrometheusText) {
        let (counts, buckets, sums) = (requests.values, latencies.values, times.values)
        let total = "rundir_http_requests_total"
        text.begin(total, "counter", "Requests by route and status; status 0: the client left before its reply.")
        for (tag, route) in labels.enumerated() {
            for place in 0...Self.statuses.count {
                let count = counts[tag * (Self.statuses.count + 1) + place]
                let status = place < Self.statuses.count ? "\(Self.statuses[place])" : "other"
                if count > 0 {
                    text.add(
                        total, ["method": route.method, "route": route.template, "status": status], Double(count))
                }
            }
        }
        let duration = "rundir_http_request_duration_seconds"
        text.begin(duration, "histogram", "Time from a request's complete head to the start of its reply.")
        for (tag, route) in labels.enumerated() {
            let start = tag * (Self.bounds.count + 1)
            let own = Array(buckets[start...start + Self.bounds.count])
            guard own.contains(where: { $0 > 0 }) else { continue }
            text.histogram(
                duration, labels: "method=\"\(route.method)\",route=\"\(route.template)\",", bounds: Self.bounds,
                buckets: own, sum: Double(sums[tag]) / 1e9)
        }
        let size = bytes.values
        text.counter("rundir_http_request_body_bytes_total", "Bytes of request bodies.", Double(size[0]))
        text.counter("rundir_http_response_body_bytes_total", "Bytes of reply bodies.", Double(size[1]))
        for gauge in gauges.withLock({ $0 }) { text.gauge(gauge.name, gauge.help, gauge.read()) }
        for counter in counters.withLock({ $0 }) { text.counter(counter.name, counter.help, counter.read()) }
    }

    static func write(_ statistics: StoreStatistics, to text: inout PrometheusText) {
        let batch = "rundir_journal_batch_writes"
        text.begin(batch, "histogram", "Writes made durable by one sync of the journal.")
        text.histogram(
            batch, bounds: StoreStatistics.writesBounds, buckets: statistics.batchWrites.buckets,
            sum: statistics.batchWrites.sum)
        let sync = "rundir_journal_sync_seconds"
        text.begin(sync, "histogram", "Duration of syncs of the journal.")
        text.histogram(
            sync, bounds: StoreStatistics.syncBounds, buckets: statistics.syncSeconds.buckets,
            sum: statistics.syncSeconds.sum)
        text.counter("rundir_journal_bytes_total", "Bytes written to the journal.", Double(statistics.writtenBytes))
    }

    static func write(_ statistics: EventHub.Statistics, to text: inout PrometheusText) {
        text.gauge("rundir_event_readers", "Clients reading events.", Double(statistics.readers))
        text.counter("rundir_events_total", "Events sent.", Double(statistics.events))
        text.counter(
            "rundir_event_readers_dropped_total", "Clients dropped because they read too slowly or were gone.",
            Double(statistics.dropped))
    }

    static func write(_ counts: [RunStatus: Int], to text: inout PrometheusText) {
        text.begin("rundir_runs", "gauge", "Runs by status.")
        for status in RunStatus.allCases {
            text.add("rundir_runs", ["status": status.rawValue], Double(counts[status] ?? 0))
        }
    }

    /// Memory and open files, by the names that Prometheus' own clients use (proc(5)).
    static func writeProcess(to text: inout PrometheusText) {
        if let file = fopen("/proc/self/statm", "r") {
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 128)
            if fgets(&line, Int32(line.count), file) != nil {
                let parts = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
                if parts.count > 1, let pages = Double(parts[1]) {
                    text.gauge(
                        "process_resident_memory_bytes", "Resident memory size in bytes.",
                        pages * Double(sysconf(Int32(_SC_PAGESIZE))))
                }
            }
        }
        if let folder = opendir("/proc/self/fd") {
            defer { closedir(folder) }
            var count = -3.0
            while readdir(folder) != nil { count += 1 }
            text.gauge("process_open_fds", "Number of open file descriptors.", count)
        }
    }
}
