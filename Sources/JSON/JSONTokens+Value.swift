extension JSONTokens {
    /// The text of the token as a String.
    package func string(at index: Int) -> String {
        // The parser has checked that it is UTF-8, so nothing is repaired here.
        String(decoding: text(at: index), as: UTF8.self)
    }

    /// The number, finite or not, at `index`.
    package func number(at index: Int) -> JSONNumber {
        assert(kind(at: index) == .number || kind(at: index) == .nonFinite)
        return kind(at: index) == .nonFinite
            ? JSONNumber(nonFinite: text(at: index)) : JSONNumber(checked: string(at: index))
    }

    /// The whole value that starts at `index`.
    package func value(at index: Int = 0) -> JSONValue {
        switch kind(at: index) {
        case .objectBegin: .object(object(at: index))
        case .arrayBegin: .array(array(at: index))
        case .name, .string: .string(string(at: index))
        case .number, .nonFinite: .number(number(at: index))
        case .true: .bool(true)
        case .false: .bool(false)
        case .null: .null
        case .objectEnd, .arrayEnd: preconditionFailure("no value starts at the end of a container")
        }
    }

    /// At most the first `count` members of the document's object; nil if the document is not an object.
    package func object(atMost count: Int) -> JSONObject? {
        guard kind(at: 0) == .objectBegin else { return nil }
        var members: [JSONObject.Member] = []
        var name = 1
        while kind(at: name) == .name, members.count < count {
            members.append(JSONObject.Member(name: string(at: name), value: value(at: name + 1)))
            name = next(after: name + 1)
        }
        return JSONObject(distinct: members)
    }

    private func array(at index: Int) -> [JSONValue] {
        var elements: [JSONValue] = []
        elements.reserveCapacity(memberCount(at: index))
        var element = index + 1
        while kind(at: element) != .arrayEnd {
            elements.append(value(at: element))
            element = next(after: element)
        }
        return elements
    }

    private func object(at index: Int) -> JSONObject {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(memberCount(at: index))
        var name = index + 1
        while kind(at: name) == .name {
            members.append(JSONObject.Member(name: string(at: name), value: value(at: name + 1)))
            name = next(after: name + 1)
        }
        return JSONObject(distinct: members)
    }
}
