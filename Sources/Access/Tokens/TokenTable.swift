internal import HTTPServer

/// The known tokens, by id.
struct TokenTable: Sendable {
    let grants: [String: Grant]

    /// - Parameter earlier: the previous table: grants of remaining tokens are reused, those of others are revoked
    init(_ tokens: [Token], replacing earlier: TokenTable? = nil) {
        var grants: [String: Grant] = [:]
        for token in tokens {
            let known = earlier?.grants[token.id]
            grants[token.id] = known?.token == token ? known : Grant(token)
        }
        self.grants = grants
        for (id, grant) in earlier?.grants ?? [:] where grants[id] !== grant { grant.revoke() }
    }

    /// The hash to compare with if the id is unknown, so that this takes as long.
    private static let noHash = [UInt8](repeating: 0, count: 32)

    /// The grant of a token that was sent; nil if it is unknown, revoked or expired. Takes the same time in each case.
    func grant(of sent: UnsafeRawBufferPointer, at now: Double) -> Grant? {
        let hash = Digest.of(Array(sent), .sha256)
        let grant = TokenSecret.id(in: sent).flatMap { grants[$0] }
        let expected = grant?.token?.hash ?? Self.noHash
        let isSame = hash.withUnsafeBytes { hash in
            expected.withUnsafeBytes { TokenSecret.isSame(hash, $0) }
        }
        guard isSame, let grant, grant.holds(at: now) else { return nil }
        return grant
    }
}
