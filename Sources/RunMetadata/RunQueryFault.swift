internal import Limits

/// What is wrong with a query for runs, where, and what to do about it.
package struct RunQueryFault: Error, Equatable, Sendable {
    /// The parameter of the query.
    package let parameter: String
    /// The place in the parameter's text, in bytes; nil: the whole text.
    package let offset: Int?
    /// Says what is wrong, where, and what to do about it.
    package let detail: String
    /// What can be written instead.
    package var allowed: [String]?

    package init(_ parameter: String, at offset: Int? = nil, _ detail: String, allowed: [String]? = nil) {
        self.parameter = parameter
        self.offset = offset
        self.detail = detail
        self.allowed = allowed
    }
}

extension RunQueryFault {
    /// Columns that no run has.
    /// - Parameters:
    ///   - unknown: these columns, and where each is named
    ///   - known: the existing columns
    package init(_ parameter: String, unknown: [RunColumnName], known: some Collection<String>) {
        let names = unknown.map { "\"\($0.name.shown(atMost: 100))\"" }.listed(atMost: Self.told)
        let places = unknown.compactMap { $0.offset.map { "byte \($0)" } }.listed(atMost: Self.told)
        // Searching very many names would cost more than the hint is worth.
        let searched = known.count > Self.manyNames ? [] : Array(known)
        let similar = unknown.prefix(Self.told).flatMap { Self.similar(to: $0.name, among: searched) }
        let hint =
            similar.isEmpty
            ? "; columns of flags, metrics and evaluations begin with flag_, metric_ and eval_"
            : "; did you mean \(similar.prefix(5).map { $0.shown(atMost: 100) }.joined(separator: ", "))?"
        let allowed = searched.isEmpty ? Array(RunQuery.standardColumns) : searched
        self.init(
            parameter, at: unknown.first?.offset,
            "\(parameter): no run has the column\(unknown.count == 1 ? "" : "s") \(names)"
                + (places.isEmpty ? "" : " (at \(places))") + hint,
            allowed: allowed.sorted().prefix(100).map(\.self))
    }

    /// The most unknown names in a message.
    private static let told = 5
    private static let manyNames = 10_000

    private static func similar(to name: String, among known: some Collection<String>) -> [String] {
        let wanted = name.lowercased()
        return known.filter { candidate in
            let candidate = candidate.lowercased()
            return candidate == wanted || candidate.hasSuffix("_" + wanted) || wanted.hasSuffix("_" + candidate)
                || (wanted.count > 2 && (candidate.hasPrefix(wanted) || wanted.hasPrefix(candidate)))
        }.sorted { ($0.count, $0) < ($1.count, $1) }
    }
}

/// A column as a query names it.
package struct RunColumnName: Sendable, Equatable {
    package let name: String
    /// Its offset in the parameter's text, in bytes.
    package let offset: Int?

    package init(_ name: String, at offset: Int? = nil) {
        self.name = name
        self.offset = offset
    }
}
