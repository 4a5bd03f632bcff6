/// A kind of problem, as its page tells it: what `/problems/<slug>`, the `type` of every error, leads to.
struct ProblemType: Sendable {
    /// The last part of `type`.
    let slug: String
    let status: Int
    let title: String
    /// What has happened, and what it means for the request.
    let meaning: String
    /// What to do. Names in back quotes are typed as they stand.
    let cure: String

    init(_ status: Int, _ slug: String, _ title: String, _ meaning: String, _ cure: String) {
        (self.status, self.slug, self.title, self.meaning, self.cure) = (status, slug, title, meaning, cure)
    }

    /// Every kind that there is.
    static let all = (requestTypes + bodyTypes + stateTypes + serverTypes).sorted { $0.slug < $1.slug }
}
