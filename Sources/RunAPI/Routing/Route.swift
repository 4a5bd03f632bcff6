internal import Access
internal import HTTPServer

/// A method and a path, and how their requests are handled.
///
/// The handler is a method of `RunAPI`. Its parameters, after the request, come from the path:
///
///     Route("readRun", .get, "/runs/{id}", .read, reply: RunAPI.readRun)
///
///     func readRun(_ request: RunRequest, _ run: RunTarget) throws -> HTTPResponse
///
/// An error that a handler throws is sent to the client as a `Problem`.
struct Route: Sendable {
    /// The operation's id in openapi.yaml. That lists the standard types of metadata one by one: `writeMetadata` is
    /// there `writeFlags`, `writeMetrics` and so on, and `writeCustomMetadata` for all others.
    let id: String
    let method: HTTPMethod
    let template: PathTemplate
    let right: Right
    /// Which runs its requests are about.
    private(set) var runs: Runs
    /// Whether a query may have parameters. (The handler says which.)
    let query: Query
    /// Reads the parameters, and plans how the body is read and the request answered.
    let accept: @Sendable (RunAPI, RunRequest, PathValues) throws -> BodyPlan
    /// Whether the path's resource has the method, so that `Allow` lists it.
    /// - Throws: a problem if a name in the path is invalid
    let isOffered: @Sendable (RunAPI, PathValues) throws -> Bool

    enum Query: Sendable {
        case none
        case fields
    }

    /// The runs that requests of a route are about.
    enum Runs: Sendable {
        /// The one in the path.
        case inPath
        /// Those that the handler finds in the scope of the sender's grant, or none.
        case inScope
        /// One whose id the server makes.
        case made
        /// All runs. A token that is limited to some runs is refused.
        case all
    }

    /// The threads on which a handler runs.
    enum Threads: Sendable {
        /// On the polling thread: it may not block.
        case polling
        /// On a worker: it takes milliseconds.
        case quick
        /// On a worker: it may take any time.
        case long
        /// On the polling thread if the body is small, which takes less time than a handover to another; else as
        /// `long`.
        case bySize
    }

    private init(
        _ id: String, _ method: HTTPMethod, _ template: String, _ right: Right, _ query: Query,
        _ placeholders: [PathTemplate.Placeholder],
        accept: @escaping @Sendable (RunAPI, RunRequest, PathValues) throws -> BodyPlan,
        isOffered: @escaping @Sendable (RunAPI, PathValues) throws -> Bool
    ) {
        (self.id, self.method, self.right, self.query) = (id, method, right, query)
        self.template = PathTemplate(template)
        runs = self.template.placeholders.contains(.id) ? .inPath : right == .none ? .inScope : .all
        (self.accept, self.isOffered) = (accept, isOffered)
        precondition(placeholders == self.template.placeholders, "\(id): the handler takes other parameters")
    }

    /// The same route for requests about other runs than the one in the path.
    func about(_ runs: Runs) -> Route {
        var route = self
        route.runs = runs
        return route
    }
}

extension Route {
    /// A route whose handler reads the head, and plans how the body is read and the request answered.
    ///
    /// Two parameters instead of a pack, as in the other handlers, for speed: rows of metrics come here.
    /// - Parameter offered: whether a run and a type or file have the method
    init<First: PathParameter, Second: PathParameter>(
        _ id: String, _ method: HTTPMethod, _ template: String, _ right: Right, query: Query = .none,
        where offered: @escaping @Sendable (RunAPI) -> (First, Second) -> Bool = { _ in { _, _ in true } },
        plan: @escaping @Sendable (RunAPI) -> (RunRequest, First, Second) throws -> BodyPlan
    ) {
        self.init(
            id, method, template, right, query, [First.placeholder, Second.placeholder],
            accept: { api, request, values in
                try plan(api)(request, try First.read(values), try Second.read(values))
            },
            isOffered: { api, values in offered(api)(try First.read(values), try Second.read(values)) })
    }

    /// A route whose handler returns the reply.
    init<each Value: PathParameter>(
        _ id: String, _ method: HTTPMethod, _ template: String, _ right: Right, query: Query = .none,
        body: BodyUse = .none, on threads: Threads = .quick,
        reply: @escaping @Sendable (RunAPI) -> (RunRequest, repeat each Value) throws -> HTTPResponse
    ) {
        self.init(
            id, method, template, right, query: query, body: body, on: threads,
            submit: { api in
                { (request: RunRequest, values: repeat each Value) in
                    try api.respond(to: request.exchange, with: try reply(api)(request, repeat each values))
                }
            })
    }

    /// A route whose handler submits to the store, and replies when that is done.
    /// - Parameter offered: whether the path's resource has the method
    init<each Value: PathParameter>(
        _ id: String, _ method: HTTPMethod, _ template: String, _ right: Right, query: Query = .none,
        where offered: (@Sendable (RunAPI) -> (repeat each Value) -> Bool)? = nil, body: BodyUse = .none,
        on threads: Threads = .quick,
        submit: @escaping @Sendable (RunAPI) -> (RunRequest, repeat each Value) throws -> Void
    ) {
        var placeholders: [PathTemplate.Placeholder] = []
        repeat placeholders.append((each Value).placeholder)
        self.init(
            id, method, template, right, query, placeholders,
            accept: { api, request, values in
                let values = (repeat try (each Value).read(values))
                return try body.plan(request, api) { request in
                    api.run(on: threads, request) { try submit(api)(request, repeat each values) }
                }
            },
            isOffered: { api, values in
                let values = (repeat try (each Value).read(values))
                return offered?(api)(repeat each values) ?? true
            })
    }
}
