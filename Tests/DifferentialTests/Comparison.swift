import JSON

/// What comes back of a value that was sent. The rules are those of the README, written down here a second time.
struct Comparison {
    let losses: Losses
    /// Differences, with where they are.
    private(set) var differences: [String] = []

    init(_ losses: Losses) { self.losses = losses }

    /// A named list: flags, evaluation, the further fields of an error.
    mutating func compare(_ sent: SentValue, _ read: JSONValue?, _ place: String) {
        // R makes an array of every value, so an array of one is its element.
        var read = read
        if case .list(let elements) = sent, elements.count == 1 { return compare(elements[0], read, place) }
        if case .list = sent {} else { while let one = read?.array, one.count == 1 { read = one[0] } }
        switch sent {
        case .missing: expect(Self.isMissing(read), sent, read, place)
        case .flag(let flag):
            expect(read == .bool(flag) || (losses.contains(.types) && read == .string("\(flag)")), sent, read, place)
        case .text(let text):
            expect(read == .string(text) || (losses.contains(.types) && read == Self.field(text)), sent, read, place)
        case .number(let number):
            if losses.isMissing(number) { return expect(Self.isMissing(read), sent, read, place) }
            let double = Self.double(read)
            expect(double.map { losses.isSame(number, $0) } ?? false, sent, read, place)
        case .list(let elements):
            let found = read?.array
            guard let found, found.count == elements.count else { return expect(false, sent, read, place) }
            for (index, element) in elements.enumerated() { compare(element, found[index], "\(place)/\(index)") }
        case .named(let members):
            guard let object = read?.object else {
                // R's `list()` without members is NULL to a reader.
                return expect(
                    members.allSatisfy { Self.isMissing($0.value) } && Self.isMissing(read), sent, read, place)
            }
            for member in members { compare(member.value, object[member.name], "\(place)/\(member.name)") }
            for name in object.names where !members.contains(where: { $0.name == name }) {
                differences.append("\(place)/\(name): was never sent")
            }
        }
    }

    /// A property: text.
    mutating func compareProperty(_ sent: SentValue, _ read: JSONValue?, _ place: String) {
        guard let text = read?.string else { return expect(read == nil && Self.isMissing(sent), sent, read, place) }
        switch sent {
        case .missing: expect(text.isEmpty || text == "NA", sent, read, place)
        case .flag(let flag):
            let isField = losses.contains(.types) && text.lowercased() == "\(flag)"
            expect(text == (flag ? "TRUE" : "FALSE") || isField, sent, read, place)
        case .text(let sent):
            let isField = losses.contains(.types) && text == sent.uppercased() && ["true", "false"].contains(sent)
            expect(text == sent || isField, .text(sent), read, place)
        case .number(let number):
            expect(JSONNumber(text).map { losses.isSame(number, $0.double) } ?? false, sent, read, place)
        case .list(let elements):
            // One element a line, so of texts only those that have none.
            let lines = elements.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.count == elements.count, !elements.isEmpty || text.isEmpty else {
                return expect(false, sent, read, place)
            }
            for (line, element) in zip(lines, elements) { compareProperty(element, .string(String(line)), place) }
        case .named: compare(sent, try? JSONValue.parse(text), place)
        }
    }

    mutating func expect(_ isTrue: Bool, _ sent: SentValue, _ read: JSONValue?, _ place: String) {
        if !isTrue { differences.append("\(place): sent \(sent), read \(read.map { "\($0)" } ?? "nothing")") }
    }

    mutating func expect(_ isTrue: Bool, _ difference: @autoclosure () -> String) {
        if !isTrue { differences.append(difference()) }
    }

    static func isMissing(_ sent: SentValue) -> Bool { if case .missing = sent { true } else { false } }

    /// `null`, R's NULL, or a missing number among others, which jsonlite writes as a text.
    static func isMissing(_ read: JSONValue?) -> Bool {
        read == nil || read == .null || read == .object(JSONObject()) || read == "NA"
    }

    static func double(_ read: JSONValue?) -> Double? {
        switch read {
        case .number(let number): number.double
        case .string("NaN"): .nan
        case .string("Inf"): .infinity
        case .string("-Inf"): -.infinity
        default: nil
        }
    }

    /// A field of a form is a number or a flag where it reads as one.
    private static func field(_ text: String) -> JSONValue {
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let number = JSONNumber(text), number.isInDoubleRange { return .number(number) }
        return .string(text)
    }
}
