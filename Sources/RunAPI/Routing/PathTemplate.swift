internal import RunMetadata

/// The path of a route: `/runs/{id}/files/{path}`.
struct PathTemplate: Sendable, CustomStringConvertible {
    /// A placeholder in a path.
    enum Placeholder: String, Sendable {
        case id
        case type
        case name
        /// One segment or more, at the end.
        case path
    }

    private enum Segment: Sendable {
        case literal(String)
        case placeholder(Placeholder)
    }

    let description: String
    private let segments: [Segment]
    /// Whether it ends in `{path}`.
    private let isOpen: Bool

    init(_ text: String) {
        description = text
        segments = text.split(separator: "/").map { segment in
            guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return .literal(String(segment)) }
            guard let placeholder = Placeholder(rawValue: String(segment.dropFirst().dropLast())) else {
                preconditionFailure("\(text): \(segment) is not a placeholder")
            }
            return .placeholder(placeholder)
        }
        isOpen = text.hasSuffix("{path}")
    }

    var placeholders: [Placeholder] {
        segments.compactMap { segment in
            if case .placeholder(let placeholder) = segment { placeholder } else { nil }
        }
    }

    /// The values of the placeholders in a path, and the number of segments before a file's path; nil if the path does
    /// not match.
    func match(_ path: [String]) -> (values: PathValues, fixed: Int)? {
        guard path.count == segments.count || (isOpen && path.count > segments.count) else { return nil }
        var values = PathValues()
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .literal(let literal): if literal != path[index] { return nil }
            case .placeholder(.id): values.id = path[index]
            case .placeholder(.type): values.type = path[index]
            case .placeholder(.name): values.name = path[index]
            case .placeholder(.path): break
            }
        }
        return (values, isOpen ? segments.count - 1 : path.count)
    }
}

/// The values of a route's placeholders in a request's path, as text.
struct PathValues: Sendable {
    var id = ""
    var type = ""
    var name = ""
    /// The components of a file's path.
    var file: [String] = []
    /// The session of `active`.
    var session = SessionName.default
}
