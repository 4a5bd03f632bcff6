/// A type of problem, as described at `/problems/<slug>`, the `type` of every error.
struct ProblemType: Sendable {
    /// The last part of `type`.
    let slug: String
    let status: Int
    let title: String
    /// What has happened, and its effect on the request.
    let meaning: String
    /// What to do. Text in back quotes is code.
    let cure: String

    init(_ status: Int, _ slug: String, _ title: String, _ meaning: String, _ cure: String) {
        (self.status, self.slug, self.title, self.meaning, self.cure) = (status, slug, title, meaning, cure)
    }

    /// All problem types.
    static let all = (requestTypes + bodyTypes + stateTypes + serverTypes).sorted { $0.slug < $1.slug }
}
