package import RunMetadata

/// Sessions of tokens that are limited to some runs. Each such token has sessions of its own, so that their active run
/// is always one that the token may use, and so that it changes nothing in the sessions of others.
extension Grant {
    /// The session that a name means for the token's holder.
    /// - Returns: nil if the name is too long for a token's session
    package func session(_ name: SessionName) -> SessionName? {
        guard let token, scope.isLimited else { return name }
        return SessionName("\(SessionName.mark)\(token.id)@\(name)")
    }
}

extension SessionName {
    fileprivate static let mark = "token@"

    /// Whether it belongs to a token; no request may use such a name.
    package var isOfToken: Bool { description.hasPrefix(Self.mark) }

    /// The name that the request gave.
    package var asSent: String {
        guard isOfToken else { return description }
        return String(description.dropFirst(Self.mark.count).drop { $0 != "@" }.dropFirst())
    }
}
