internal import JSON

/// The columns that flags or an evaluation have in a listing, each name once.
///
/// As R's `unlist()` does, names of nested lists are joined by a dot, and elements of an array are numbered from 1; a
/// single element has no number. If two values get the same name, as in `{"a.b": 1, "a": {"b": 2}}`, the one that was
/// sent under that name keeps it, and the others get the suffix `.1`, `.2` and so on, as R's `make.unique()` does.
struct ListColumns {
    enum Kind {
        case flags
        /// Only numbers. Arrays with several elements, such as XGBoost's values for each round, have no columns.
        case evaluation

        var prefix: String { self == .flags ? "flag_" : "eval_" }
    }

    private(set) var columns = JSONObject()
    /// Why columns are missing; nil if all are there.
    private(set) var omitted: String?

    private let list: JSONObject
    private let kind: Kind
    private let room: Int
    /// The last suffix that was given out for each name.
    private var numbers: [ExactText: Int] = [:]

    /// - Parameter room: the most columns
    init(_ list: JSONObject, _ kind: Kind, room: Int) {
        (self.list, self.kind, self.room) = (list, kind, room)
        for member in list.members where hasRoom() {
            if member.value.isContainer {
                add(member.value, member.name)
            } else {
                set(member.name, member.value)
            }
        }
    }

    private mutating func hasRoom() -> Bool {
        if columns.count < room { return true }
        omitted = omitted ?? RunSummary.tooMany
        return false
    }

    // Recursion is as deep as the parser allows. A name that is already too long is not extended.
    private mutating func add(_ value: JSONValue, _ name: String) {
        if name.utf8.count > RunSummary.longestName {
            omitted = omitted ?? RunSummary.tooLong
            return
        }
        switch value {
        case .object(let object):
            for member in object.members where hasRoom() { add(member.value, "\(name).\(member.name)") }
        case .array(let elements):
            if kind == .evaluation, elements.count > 1 { return }
            for (index, element) in elements.enumerated() where hasRoom() {
                add(element, elements.count == 1 ? name : "\(name)\(index + 1)")
            }
        case .null: return
        default: set(freeName(name), value)
        }
    }

    private mutating func set(_ name: String, _ value: JSONValue) {
        if value == .null { return }
        columns[kind.prefix + name] = kind == .evaluation ? Self.number(value) : value
    }

    /// NaN and infinities are written as text.
    private static func number(_ value: JSONValue) -> JSONValue {
        value.string.flatMap { NonFinite(written: $0) }.map { .number($0.number) } ?? value
    }

    private mutating func freeName(_ name: String) -> String {
        if !isTaken(name) { return name }
        var number = numbers[ExactText(name)] ?? 0
        repeat { number += 1 } while isTaken("\(name).\(number)")
        numbers[ExactText(name)] = number
        return "\(name).\(number)"
    }

    private func isTaken(_ name: String) -> Bool {
        if columns.index(of: kind.prefix + name) != nil { return true }
        guard let literal = list[name] else { return false }
        return !literal.isContainer && literal != .null
    }
}
