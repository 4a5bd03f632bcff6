package import JSON

/// A named list (`flags.json`, `evaluation.json`) as its files hold it: the form that tfruns can read, and the list as
/// sent.
package struct NamedListFiles: Sendable, Equatable {
    /// What tfruns reads.
    package let file: [UInt8]
    /// The exact list if `file` differs from it; stored as `sent/flags.json`.
    package let sent: [UInt8]?

    /// The exact list.
    package var exact: [UInt8] { sent ?? file }

    /// A list that tfruns does not read: one file, as sent.
    package init(file: [UInt8]) { (self.file, sent) = (file, nil) }

    /// A list that tfruns reads.
    package init(_ list: JSONObject) {
        let bearable = list.bearable
        file = JSONWriter.pretty(.object(bearable))
        sent = bearable == list ? nil : JSONWriter.pretty(.object(list))
    }

    /// The files of a list whose exact text is known; nil if the text is not a list.
    package init?(sent: [UInt8]) {
        guard let list = try? JSONValue.parse(sent, nonFinite: .allowed).object else { return nil }
        self.init(list)
    }
}

/// What tfruns' `ls_runs()` can read among flags and evaluation values. It makes a data frame of them
/// (`as.data.frame()`), which fails, for all runs, if any value has no rows, as `null`, `[]` and `{}` have none.
extension JSONObject {
    /// The list as tfruns would write it: an array of one is its element; `null`, `[]` and `{}` are left out at any
    /// depth, and so is what becomes empty by that; in arrays `null` is the text `NA`. The list itself may be empty.
    /// Long texts in arrays are cut, since R makes column names of them.
    package var bearable: JSONObject {
        JSONObject(members.compactMap { member in member.value.bearable.map { (member.name, $0) } })
    }

    /// How many names it has, those of nested objects among them: each is a column.
    package var nameCount: Int { members.reduce(members.count) { $0 + $1.value.nameCount } }

    /// The names of values on which `ls_runs()` fails.
    package var namesThatBreakListing: [String] { members.filter(\.value.breaksListing).map(\.name) }
}

extension JSONValue {
    // Recursion is as deep as the parser allows, as below.
    fileprivate var nameCount: Int {
        switch self {
        case .object(let object): object.nameCount
        case .array(let elements): elements.reduce(0) { $0 + $1.nameCount }
        default: 0
        }
    }

    fileprivate var bearable: JSONValue? {
        switch self {
        case .null: return nil
        case .bool, .number, .string: return self
        case .array(let elements):
            let rest = elements.compactMap { $0 == .null ? "NA" : $0.bearable }
            return rest.count > 1 ? .array(rest.map(\.withShortText)) : rest.first
        case .object(let object):
            let rest = object.bearable
            return rest.isEmpty ? nil : .object(rest)
        }
    }

    /// The most characters of a text in an array: R writes a character as up to 10 bytes in a name (`\U0001f600`), and
    /// allows names of 10,000 bytes.
    private static let longestInArray = 500

    private var withShortText: JSONValue {
        guard case .string(let text) = self, text.unicodeScalars.count > Self.longestInArray else { return self }
        var short = String.UnicodeScalarView()
        short.append(contentsOf: text.unicodeScalars.prefix(Self.longestInArray - 1))
        return .string(String(short) + "…")
    }

    fileprivate var breaksListing: Bool {
        switch self {
        case .null: true
        case .bool, .number, .string: false
        case .array(let elements):
            elements.isEmpty || elements.contains { $0.breaksListing || (elements.count > 1 && $0 != $0.withShortText) }
        case .object(let object): object.isEmpty || object.members.contains(where: \.value.breaksListing)
        }
    }
}

extension JSONValue {
    /// A single value: the element of an array of one, which R's `toJSON()` makes of every value.
    package var unboxed: JSONValue {
        if case .array(let elements) = self, elements.count == 1 { return elements[0] }
        return self
    }
}
