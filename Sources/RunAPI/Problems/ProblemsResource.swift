internal import Access
internal import HTTPServer
internal import JSON

/// `/problems` and `/problems/{name}`: what every `type` of an error means, and what to do. HTML for browsers, JSON on
/// request, otherwise text for a terminal.
extension RunAPI {
    static let problemRoutes: [Route] = [
        Route("listProblems", .get, "/problems", .none, reply: RunAPI.listProblems),
        Route("readProblem", .get, "/problems/{name}", .none, reply: RunAPI.readProblem),
    ]

    func listProblems(_ request: RunRequest) -> HTTPResponse {
        let types = ProblemType.all
        switch ProblemFormat(request.exchange) {
        case .json: return Self.problems(.json(200, ["problems": .array(types.map(\.json))]))
        case .text:
            let width = types.map(\.slug.count).max() ?? 0
            let lines = types.map { type in
                let padding = String(repeating: " ", count: width - type.slug.count)
                return "\(type.status)  \(type.slug)\(padding)  \(type.title)\n"
            }
            return Self.problems(text: lines.joined())
        case .html:
            let items = types.map { "<li><a href=\"/problems/\($0.slug)\">\($0.title)</a> <small>\($0.status)</small>" }
            return Self.problems(page: "Problems", "<ul>\n\(items.joined(separator: "\n"))\n</ul>")
        }
    }

    func readProblem(_ request: RunRequest, _ type: ProblemType) -> HTTPResponse {
        switch ProblemFormat(request.exchange) {
        case .json: return Self.problems(.json(200, type.json))
        case .text:
            return Self.problems(
                text: "\(type.title) (\(type.status))\n\n\(type.meaning)\n\nWhat to do: \(type.cure)\n")
        case .html:
            return Self.problems(
                page: type.title,
                """
                <p>Status \(type.status), <code>/problems/\(type.slug)</code>
                <p>\(Self.html(type.meaning))
                <h2>What to do</h2>
                <p>\(Self.html(type.cure))
                <p><a href="/problems">All problems</a>
                """)
        }
    }

    private static func problems(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers += [("Vary", "Accept"), ("X-Content-Type-Options", "nosniff")]
        return response
    }

    private static func problems(text: String) -> HTTPResponse {
        problems(HTTPResponse(status: 200, type: "text/plain; charset=utf-8", body: Array(text.utf8)))
    }

    private static func problems(page title: String, _ content: String) -> HTTPResponse {
        let page = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>\(html(title)) – Rundir</title>
            <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }</style>
            <h1>\(html(title))</h1>
            \(content)
            </html>

            """
        var response = HTTPResponse(status: 200, type: "text/html; charset=utf-8", body: Array(page.utf8))
        let policy = [
            "default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'",
        ].joined(separator: "; ")
        response.headers += [("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer")]
        return problems(response)
    }

    /// A text as HTML: text in back quotes is code.
    private static func html(_ text: String) -> String {
        let escaped = text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }.joined()
        let parts = escaped.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { $0 % 2 == 1 ? "<code>\($1)</code>" : String($1) }.joined()
    }
}

/// The format of a problem type, by the client's preference (RFC 9110 section 12.5.1).
private enum ProblemFormat {
    case text, html, json

    init(_ exchange: HTTPExchange) {
        let list = WeightedList(exchange.joinedHeader("Accept") ?? "")
        let html = list.weight(of: "text/html", "application/xhtml+xml") ?? 0
        let json = list.weight(of: "application/json", "application/problem+json") ?? 0
        let text = list.weight(of: "text/plain") ?? 0
        if html > 0, html >= json, html >= text { self = .html } else { self = json > text ? .json : .text }
    }
}

extension ProblemType {
    fileprivate var json: JSONValue {
        [
            "type": .string("/problems/\(slug)"), "title": .string(title), "status": .number(JSONNumber(status)),
            "meaning": .string(meaning), "cure": .string(cure),
        ]
    }
}
