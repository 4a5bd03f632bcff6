internal import Glibc
internal import RunMetadata

/// A path in the data directory from a description, such as `plots/{name}.png`. `{name}` stands for the query field of
/// that name, `{time}` for a unique time in UTC to the microsecond.
struct PathTemplate: Sendable {
    private enum Part: Equatable {
        case text(String)
        case field(String)
        case time
    }

    /// Why a text is not a template.
    struct Failure: Error {
        let reason: String
    }

    private let parts: [Part]
    private let text: String

    /// The path, if it has no placeholder.
    let fixed: DataPath?
    /// The folder of all the template's paths; nil if the path is fixed.
    let folder: DataPath?

    /// The query fields that it needs.
    var fields: [String] {
        parts.compactMap { if case .field(let name) = $0 { name } else { nil } }
    }

    init(_ text: String) throws(Failure) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { throw Failure(reason: "\"{\" without \"}\"") }
            let name = String(rest[rest.index(after: open)..<close])
            guard MetadataType(name) != nil else {
                throw Failure(
                    reason: "\"{\(name)}\" is not a placeholder; its name has lower case letters, digits, _ and -")
            }
            parts.append(.text(String(rest[..<open])))
            parts.append(name == "time" ? .time : .field(name))
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts.filter { $0 != .text("") }
        guard let example = DataPath(Self.fill(parts) { _ in "x" }), !example.isOfStandardType else {
            throw Failure(
                reason:
                    "\"\(text)\" is not a path for a custom type; it has no \"..\", no leading \"/\", and is no file of a standard type"
            )
        }
        if !text.contains("{") {
            (fixed, folder) = (example, nil)
        } else {
            let start = text.prefix { $0 != "{" }
            guard let slash = start.lastIndex(of: "/"), let folder = DataPath(String(start[..<slash])) else {
                throw Failure(
                    reason: "a path with a placeholder has to begin with a folder, such as \"plots/{name}.png\"")
            }
            (fixed, self.folder) = (nil, folder)
        }
    }

    /// The path for a request.
    func path(for request: WriteRequest, type: MetadataType) throws(MetadataFault) -> DataPath {
        if let fixed { return fixed }
        for name in fields {
            let values = request.query.filter { $0.name == name }.map(\.value)
            guard values.count == 1 else {
                throw MetadataFault(
                    .name,
                    "\(type): the query needs \"\(name)\" once, as in ?\(name)=…, for the path \(text)")
            }
            guard PropertyName(values[0]) != nil, values[0].utf8.first != UInt8(ascii: ".") else {
                throw MetadataFault(
                    .name,
                    "\(type): \"\(values[0])\" cannot be part of a file name; it may have no \"/\", no control character, no leading \".\""
                )
            }
        }
        let filled = Self.fill(parts) { name in request.query.first { $0.name == name }?.value ?? "" }
        guard let path = DataPath(filled), !path.isOfStandardType else {
            throw MetadataFault(
                .name, "\(type): the path is too long, or belongs to a standard type; choose another name")
        }
        return path
    }

    private static func fill(_ parts: [Part], _ value: (String) -> String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .field(let name): value(name)
            case .time: FileTime.next()
            }
        }.joined()
    }
}
