internal import HTTPServer
internal import Limits
internal import RunMetadata

/// The query of a listing of runs.
struct RunListQuery {
    /// The format of the listing.
    private(set) var query = RunQuery()
    private(set) var format = ReplyFormat.json
    /// The parameters without the cursor, for the link to the next page.
    private(set) var repeated: [(name: String, value: String)] = []

    private static let names = [
        "where", "order", "descending", "limit", "offset", "cursor", "archived", "columns", "format",
    ]

    init(_ exchange: HTTPExchange) throws {
        var parameters = try QueryParameters(exchange, names: Self.names)
        query.predicate = try parameters.take("where").map { text throws in try RunPredicate(text) }
        let isDescending = try parameters.flag("descending")
        if let order = parameters.take("order") {
            query.order = try RunOrder(order, descending: isDescending)
        } else if isDescending {
            query.order = try RunOrder("start", descending: true)
        }
        if let limit = try parameters.number("limit", in: 1...1000) { query.limit = limit }
        if let offset = try parameters.number("offset", in: 0...Int.max) { query.offset = offset }
        if let archived: RunQuery.Archived = try parameters.choice("archived") { query.archived = archived }
        if let columns = parameters.take("columns") {
            query.columns = try RunColumnName.list(columns, parameter: "columns").map(\.0)
        }
        if let cursor = parameters.take("cursor") {
            if query.offset > 0 {
                throw Problem.invalidQuery("offset counts from the first run; send it without a cursor")
            }
            query.cursor = try RunCursor(cursor, order: query.order)
        }
        format = try parameters.choice("format") ?? ReplyFormat(accepted: exchange.joinedHeader("Accept") ?? "")
        repeated = parameters.all.filter { $0.name != "cursor" && $0.name != "offset" }
    }
}
