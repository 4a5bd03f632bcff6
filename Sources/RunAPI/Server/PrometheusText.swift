/// Metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    typealias Labels = KeyValuePairs<String, String>

    /// Begins a family of metrics.
    /// - Parameter type: `counter`, `gauge` or `histogram`
    mutating func begin(_ name: String, _ type: String, _ help: String) {
        bytes += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n".utf8
    }

    mutating func add(_ name: String, _ labels: Labels, _ value: Double) {
        bytes += name.utf8
        if !labels.isEmpty {
            bytes += "{\(labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ","))}".utf8
        }
        bytes += " \(Self.text(value))\n".utf8
    }

    /// A gauge without labels.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        begin(name, "gauge", help)
        add(name, [:], value)
    }

    /// A counter without labels.
    mutating func counter(_ name: String, _ help: String, _ value: Double) {
        begin(name, "counter", help)
        add(name, [:], value)
    }

    /// Adds a histogram.
    /// - Parameters:
    ///   - labels: as text, followed by a comma, or empty
    ///   - buckets: observations by bucket, one more than `bounds`
    mutating func histogram(_ name: String, labels: String = "", bounds: [Double], buckets: [UInt64], sum: Double) {
        var total: UInt64 = 0
        for (bound, count) in zip(bounds, buckets) {
            total += count
            bytes += "\(name)_bucket{\(labels)le=\"\(Self.text(bound))\"} \(total)\n".utf8
        }
        total += buckets.last ?? 0
        let plain = labels.isEmpty ? "" : "{\(labels.dropLast())}"
        bytes += "\(name)_bucket{\(labels)le=\"+Inf\"} \(total)\n".utf8
        bytes += "\(name)_sum\(plain) \(Self.text(sum))\n\(name)_count\(plain) \(total)\n".utf8
    }

    static func escaped(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }

    private static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? (value.isNaN ? "NaN" : value.isInfinite ? "+Inf" : "\(value)")
    }
}
