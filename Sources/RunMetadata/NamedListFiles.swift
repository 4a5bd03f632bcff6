package import JSON

/// A named list as its files hold it (`flags.json`, `evaluation.json`): as tfruns can read it, and as it was sent.
package struct NamedListFiles: Sendable, Equatable {
    /// What tfruns reads.
    package let file: [UInt8]
    /// The exact list, where `file` differs from it: what is kept as `sent/flags.json`.
    package let sent: [UInt8]?

    /// The exact list.
    package var exact: [UInt8] { sent ?? file }

    /// A list that tfruns does not read: one file, as it is.
    package init(file: [UInt8]) { (self.file, sent) = (file, nil) }

    /// A list that tfruns reads.
    package init(_ list: JSONObject) {
        let bearable = list.bearable
        file = JSONWriter.pretty(.object(bearable))
        sent = bearable == list ? nil : JSONWriter.pretty(.object(list))
    }

    /// The files of a list of which the exact text is known; nil where it is none.
    package init?(sent: [UInt8]) {
        guard let list = try? JSONValue.parse(sent, nonFinite: .allowed).object else { return nil }
        self.init(list)
    }
}

/// What tfruns' `ls_runs()` can bear among flags and evaluation values: it makes a data frame of them (`as.data.frame()`),
/// which fails, for all runs, where anything in it has no rows, as `null`, `[]` and `{}` have none.
extension JSONObject {
    /// The list as tfruns would write it: an array of one is its element; `null`, `[]` and `{}` are left out at any depth, and
    /// in arrays `null` is the text `NA`. What becomes empty by that is left out too. The list itself may be empty. A long text
    /// in an array, of which R makes a column's name, is cut.
    package var bearable: JSONObject {
        JSONObject(members.compactMap { member in member.value.bearable.map { (member.name, $0) } })
    }

    /// The names of values on which `ls_runs()` fails.
    package var namesThatBreakListing: [String] { members.filter(\.value.breaksListing).map(\.name) }
}

extension JSONValue {
    // As deep as the parser goes at most, as below.
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

    /// Characters of a text in an array: R writes up to 10 bytes for one in a name (`\U0001f600`), and takes no name of over
    /// 10,000 bytes.
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
    /// The value that stands where one is expected: an array of one, which R's `toJSON()` makes of every value, is its
    /// element.
    package var unboxed: JSONValue {
        if case .array(let elements) = self, elements.count == 1 { return elements[0] }
        return self
    }
}
