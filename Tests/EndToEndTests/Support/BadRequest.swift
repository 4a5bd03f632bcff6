import TestSupport
import Testing

/// One line of ERRORS.md as it comes over a socket: a request, and what the reply has to be.
struct BadRequest: Sendable, CustomTestStringConvertible {
    /// The row in ERRORS.md.
    let row: Int
    let what: String
    let method: String
    let target: String
    var type: String? = "application/json"
    var headers: [(String, String)] = []
    /// Nil where the request announces none.
    var body: [UInt8]?
    var status: Int
    var closes = false
    var pointer: String?
    /// Where the fault is; of two, anything from the first to the last.
    var offset: ClosedRange<Int>?
    /// Something that the list `allowed` has to name.
    var allowed: String?
    /// Methods that the header `Allow` has to name.
    var allow: [String]?
    /// Words that `detail` has to hold.
    var says: [String] = []

    var testDescription: String { "row \(row): \(what)" }

    init(
        _ row: Int, _ what: String, _ method: String, _ target: String, _ body: String? = nil, status: Int,
        with change: (inout BadRequest) -> Void = { _ in }
    ) {
        (self.row, self.what, self.method, self.target, self.status) = (row, what, method, target, status)
        self.body = body.map { Array($0.utf8) }
        change(&self)
    }

    /// The request's bytes.
    var bytes: [UInt8] {
        var fields = headers
        if let body, body.isEmpty { fields.append(("Content-Length", "0")) }
        return HTTPClient.request(method, target, type: body == nil ? nil : type, headers: fields, body: body ?? [])
    }
}
