/// The members of a JSON object in their order, each name once.
///
/// Looking up compares names one by one in a small object and uses a table in a large one. Names are equal if their
/// Unicode scalars are, as in JSON (RFC 8259 section 8.3); String's own `==` would also take equivalent spellings.
package struct JSONObject: Sendable {
    /// A name and its value.
    package struct Member: Equatable, Sendable {
        package let name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }

        package static func == (left: Member, right: Member) -> Bool {
            ExactText(left.name) == ExactText(right.name) && left.value == right.value
        }
    }

    /// The members in order.
    package private(set) var members: [Member]

    /// Where each name is; empty while the object is small.
    private var table: [ExactText: Int] = [:]

    /// Up to this many members, comparing each is faster than a table.
    private static let smallCount = 16

    /// An empty object.
    package init() {
        members = []
    }

    /// For members whose names are known to differ.
    init(distinct members: [Member]) {
        self.members = members
        makeTable()
    }

    /// Sets each name in turn: one that is given twice keeps its first place and its last value.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        self.init()
        for (name, value) in members { self[name] = value }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// The names in order.
    package var names: [String] { members.map(\.name) }

    /// The value of `name`. Setting one replaces it where it is or appends it; setting nil removes it.
    ///
    /// Removing takes time in proportion to the object; to remove many, use ``removeAll(where:)``.
    package subscript(name: String) -> JSONValue? {
        get {
            index(of: name).map { members[$0].value }
        }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (nil, let value?): append(Member(name: name, value: value))
            case (let index?, nil):
                members.remove(at: index)
                makeTable()
            case (nil, nil): break
            }
        }
    }

    /// Removes the members for which `isRemoved` is true; the others keep their order.
    package mutating func removeAll(where isRemoved: (Member) throws -> Bool) rethrows {
        try members.removeAll(where: isRemoved)
        makeTable()
    }

    /// The place of `name` in ``members``.
    package func index(of name: String) -> Int? {
        let wanted = ExactText(name)
        if members.count > Self.smallCount { return table[wanted] }
        return members.firstIndex { ExactText($0.name) == wanted }
    }

    private mutating func append(_ member: Member) {
        members.append(member)
        if members.count > Self.smallCount + 1 {
            table[ExactText(member.name)] = members.count - 1
        } else {
            makeTable()
        }
    }

    private mutating func makeTable() {
        table.removeAll()
        guard members.count > Self.smallCount else { return }
        table.reserveCapacity(members.count)
        for (index, member) in members.enumerated() { table[ExactText(member.name)] = index }
    }
}

extension JSONObject: Equatable {
    /// Equal if the members are, in the same order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members == right.members
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
