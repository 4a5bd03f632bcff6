internal import JSON

/// Something that can be filtered in memory: an experiment, a logged model.
protocol Searchable {
    /// The value of a key; nil if there is none.
    /// - Throws: if the key does not exist for this kind of object
    func value(of key: SearchKey) throws(MLflowError) -> SearchClause.Value?
}

extension SearchFilter {
    func matches(_ one: some Searchable) throws(MLflowError) -> Bool {
        for clause in clauses {
            if !(try clause.matches(one.value(of: clause.key))) { return false }
        }
        return true
    }
}

extension SearchClause {
    /// Whether it holds for a value. As in SQL, no comparison holds for a missing value.
    func matches(_ found: Value?) throws(MLflowError) -> Bool {
        switch comparison {
        case .isNull: return found == nil
        case .isNotNull: return found != nil
        default: break
        }
        guard let found else { return false }
        switch (found, value) {
        case (.number(let one), .number(let other)):
            switch comparison {
            case .less: return one < other
            case .lessOrEqual: return one <= other
            case .greater: return one > other
            case .greaterOrEqual: return one >= other
            case .equal: return one == other
            case .notEqual: return one != other
            default: break
            }
        case (.number(let one), .text(let other)) where comparison == .equal || comparison == .notEqual:
            // An experiment's id sorts as a number, and is a text to MLflow.
            return (Double(other) == one) == (comparison == .equal)
        case (.text(let one), .text(let other)):
            switch comparison {
            case .equal: return ExactText(one) == ExactText(other)
            case .notEqual: return ExactText(one) != ExactText(other)
            case .like, .ilike: return LikePattern(other, ignoresCase: comparison == .ilike).matches(one)
            default: break
            }
        case (.text(let one), .list(let list)):
            let isThere = list.contains { ExactText($0) == ExactText(one) }
            return comparison == .isIn ? isThere : !isThere
        default: break
        }
        throw .invalid("'\(key.name)' cannot be compared like that: '\(comparison.rawValue)'")
    }
}

/// Sorting in memory.
enum SearchSorting {
    /// Sorts by some keys; missing values come last. Equal elements keep their order.
    static func sorted<One: Searchable>(_ list: [One], by orders: [SearchOrder]) throws(MLflowError) -> [One] {
        var keyed: [(place: Int, values: [SearchClause.Value?])] = []
        for (place, one) in list.enumerated() {
            var values: [SearchClause.Value?] = []
            for order in orders { values.append(try one.value(of: order.key)) }
            keyed.append((place, values))
        }
        keyed.sort { one, other in
            for (index, order) in orders.enumerated() {
                switch (one.values[index], other.values[index]) {
                case (nil, nil): continue
                case (nil, _): return false
                case (_, nil): return true
                case (let first?, let second?):
                    if first == second { continue }
                    return isBefore(first, second) != order.isDescending
                }
            }
            return one.place < other.place
        }
        return keyed.map { list[$0.place] }
    }

    private static func isBefore(_ one: SearchClause.Value, _ other: SearchClause.Value) -> Bool {
        switch (one, other) {
        case (.number(let one), .number(let other)): one < other
        case (.text(let one), .text(let other)): ExactText(one) < ExactText(other)
        default: false
        }
    }

    /// A page of a list, and the token of the next one.
    static func page<One>(
        _ list: [One], _ parameters: MLflowParameters, atMost most: Int, default standard: Int
    ) throws(MLflowError) -> (items: ArraySlice<One>, next: String?) {
        let count = try parameters.whole("max_results") ?? standard
        guard (1...most).contains(count) else {
            throw .invalid("Invalid value \(count) for parameter 'max_results': it has to be from 1 to \(most)")
        }
        let token = try parameters.text("page_token") ?? ""
        guard let start = token.isEmpty ? 0 : Int(token), start >= 0 else {
            throw .invalid("Invalid page token; use the one of the previous page")
        }
        let rest = list.dropFirst(start)
        return (rest.prefix(count), rest.count > count ? "\(start + count)" : nil)
    }
}
