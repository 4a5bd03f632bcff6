internal import JSON

/// Reads the members of a description; faults tell the line of the member.
struct DescriptionReader {
    private let file: String
    private let text: [UInt8]
    private let object: JSONObject
    /// Where each member's name is in the text.
    private let offsets: [String: Int]

    /// - Parameter file: the file's name, for faults
    init(file: String, text: [UInt8]) throws(WriterFault) {
        (self.file, self.text) = (file, text)
        do {
            (object, offsets) = try JSONParser().withTokens(of: text, nonFinite: .refused) { tokens in
                guard let object = tokens.value().object else {
                    throw WriterFault(file, line: 1, "a description has to be a JSON object")
                }
                var offsets: [String: Int] = [:]
                var token = 1
                while tokens.kind(at: token) == .name {
                    offsets[tokens.string(at: token)] = tokens.offset(at: token)
                    token = tokens.next(after: token + 1)
                }
                return (object, offsets)
            }
        } catch let error as JSONSyntaxError {
            throw WriterFault(file, line: Self.line(error.offset, text), "\(error.reason)")
        } catch {
            throw error as? WriterFault ?? WriterFault(file, "\(error)")
        }
    }

    /// A fault of a member.
    func fault(_ name: String, _ reason: String) -> WriterFault {
        WriterFault(file, line: offsets[name].map { Self.line($0, text) }, reason)
    }

    /// A fault of the whole file.
    func fault(_ reason: String) -> WriterFault { WriterFault(file, line: 1, reason) }

    /// Refuses members other than these.
    func check(allowed: [String]) throws(WriterFault) {
        for name in object.names where !allowed.contains(name) {
            throw fault(name, "unknown member \"\(name)\"; it may have: \(allowed.joined(separator: ", "))")
        }
    }

    func has(_ name: String) -> Bool { object[name] != nil }

    func string(_ name: String) throws(WriterFault) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string, !text.isEmpty else { throw fault(name, "\"\(name)\" has to be a text") }
        return text
    }

    func strings(_ name: String) throws(WriterFault) -> [String]? {
        guard let value = object[name] else { return nil }
        guard let list = value.array, !list.isEmpty, list.allSatisfy({ $0.string?.isEmpty == false }) else {
            throw fault(name, "\"\(name)\" has to be a list of texts")
        }
        return list.compactMap(\.string)
    }

    func bool(_ name: String) throws(WriterFault) -> Bool? {
        guard let value = object[name] else { return nil }
        guard case .bool(let bool) = value else { throw fault(name, "\"\(name)\" has to be true or false") }
        return bool
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(WriterFault) -> Int? {
        guard let value = object[name] else { return nil }
        guard let number = value.number?.int, range.contains(number) else {
            throw fault(
                name, "\"\(name)\" has to be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A member as JSON text.
    func json(_ name: String) -> [UInt8]? { object[name].map { JSONWriter.compact($0) } }

    private static func line(_ offset: Int, _ text: [UInt8]) -> Int {
        1 + text.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }
}
