package import RunMetadata

/// Sessions of tokens that are limited to some runs. Each such token has sessions of its own, so that what is active in
/// them is always a run that it may use, and it changes nothing in those of others.
extension Grant {
    /// The session that its holder means by a name.
    /// - Returns: nil if the name is too long to be one of a token
    package func session(_ name: SessionName) -> SessionName? {
        guard let token, scope.isLimited else { return name }
        return SessionName("\(SessionName.mark)\(token.id)@\(name)")
    }
}

extension SessionName {
    fileprivate static let mark = "token@"

    /// Whether it belongs to a token; no request may name it so.
    package var isOfToken: Bool { description.hasPrefix(Self.mark) }

    /// The name that the request gave.
    package var asSent: String {
        guard isOfToken else { return description }
        return String(description.dropFirst(Self.mark.count).drop { $0 != "@" }.dropFirst())
    }
}
