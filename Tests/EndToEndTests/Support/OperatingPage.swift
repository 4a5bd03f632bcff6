import Foundation

/// `docker/OPERATING.md`, as far as tests hold it against the server.
struct OperatingPage {
    private let text: String

    init() throws { text = try Self.content() }

    private static func content() throws -> String {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../docker/OPERATING.md")
        return try String(contentsOf: page, encoding: .utf8)
    }

    /// The first block of code in a language.
    static func block(_ language: String) throws -> String {
        let parts = try content().components(separatedBy: "\n```\(language)\n")
        return parts.count > 1 ? parts[1].components(separatedBy: "\n```")[0] : ""
    }

    /// The code in the first cells of a section's tables, one list a row.
    func names(in section: String) -> [[String]] {
        let parts = text.components(separatedBy: "\n## ")
        guard let part = parts.first(where: { $0.hasPrefix(section + "\n") }) else { return [] }
        return part.split(separator: "\n").filter { $0.hasPrefix("| ") }.compactMap { line in
            let cell = line.components(separatedBy: " | ")[0]
            let pieces = cell.components(separatedBy: "`").enumerated()
            let code = pieces.filter { $0.offset % 2 == 1 }.map(\.element)
            return code.isEmpty ? nil : code
        }
    }

    /// Whether a text has what the page quotes, in which `…` stands for anything.
    static func matches(_ quotation: String, _ text: String) -> Bool {
        var rest = text[...]
        for piece in quotation.components(separatedBy: "…") where !piece.isEmpty {
            guard let found = rest.range(of: piece) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
