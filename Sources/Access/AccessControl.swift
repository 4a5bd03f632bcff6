package import HTTPServer
internal import LocalFiles
package import Logging
internal import Synchronization

/// Decides who may do what, by the tokens of a runs directory.
///
/// Without tokens everything is allowed, which suits a server that only this machine reaches. Once the server has seen
/// a token, every request that needs a right needs one, even after the last token was revoked or has expired.
package final class AccessControl: @unchecked Sendable {
    // Sendable: `present` and `recent` are used only by the polling thread; the rest is constant or locked.

    /// Settings from the server's start.
    package struct Settings: Sendable {
        /// No request needs a token.
        package var isOff = false
        /// Reading needs no token.
        package var readsArePublic = false
        /// Tokens are needed even if there are none yet: other machines reach the server.
        package var needsTokens = false

        package init() {}
    }

    private struct State: Sendable {
        var table: TokenTable
        var version: FileVersion?
        /// Why the tokens could not be read again.
        var fault: String?
    }

    private let settings: Settings
    private let file: TokenFile
    private let clock: @Sendable () -> Double
    private let log: Logger
    private let state: Mutex<State>
    private let needsTokens: Atomic<Bool>
    /// Counts the tables, so that the polling thread notices a new one without the lock.
    private let generation = Atomic<Int>(0)
    /// The present second, as of the keeper's last update.
    private let second: Atomic<Int>

    private var present: (table: TokenTable, generation: Int)
    /// The most recently accepted `Authorization` fields, by which most requests are recognised without hashing. The
    /// comparison takes the same time for all texts of one length, so the time reveals nothing about them.
    private var recent: [(field: [UInt8], grant: Grant)] = []
    private var nextRecent = 0
    private static let remembered = 8

    /// Reads the tokens.
    /// - Throws: if they cannot be read
    package init(
        _ settings: Settings, file: TokenFile, log: Logger = Logger(label: "access"),
        clock: @escaping @Sendable () -> Double
    ) throws {
        (self.settings, self.file, self.log, self.clock) = (settings, file, log, clock)
        let version = file.version
        let table = TokenTable(settings.isOff ? [] : try file.read())
        state = Mutex(State(table: table, version: version))
        // Once there was a token there is a file, also after the last one was revoked.
        needsTokens = Atomic(settings.needsTokens || version != nil)
        second = Atomic(Int(clock()))
        present = (table, 0)
    }

    /// Whether no request needs a token.
    package var isOff: Bool { settings.isOff }

    /// Seconds since 1970, as of the last `refresh()`.
    package var now: Double { Double(second.load(ordering: .relaxed)) }

    // MARK: Updating

    /// Updates the time, and reads the tokens again if they were changed. If they cannot be read, the previous ones
    /// stay valid.
    package func refresh() {
        second.store(Int(clock()), ordering: .relaxed)
        if settings.isOff { return }
        state.withLock { state in
            let version = file.version
            // A missing file does not revoke tokens: its disk may be unmounted.
            guard let version, version != state.version else { return }
            do {
                let tokens = try file.read()
                state = State(table: TokenTable(tokens, replacing: state.table), version: version)
                needsTokens.store(true, ordering: .releasing)
                generation.wrappingAdd(1, ordering: .releasing)
            } catch {
                if state.fault != "\(error)" { log.error("the earlier tokens stay valid: \(error)") }
                state.fault = "\(error)"
            }
        }
    }

    /// When each token was last used since the start, by id, seconds since 1970.
    var lastUses: [String: Double] {
        state.withLock { $0.table.grants.compactMapValues(\.lastUse) }
    }

    func write(lastUses: [String: Double]) throws { try file.write(lastUses: lastUses) }
    var fileUses: [String: Double] { file.lastUses() }
    var tokenIDs: Set<String> { state.withLock { Set($0.table.grants.keys) } }

    // MARK: Requests

    /// The grant of a request without a token.
    var anonymous: Grant {
        if settings.isOff || !needsTokens.load(ordering: .acquiring) { return .full }
        return settings.readsArePublic ? .reader : .nobody
    }

    /// The grant of a request's sender. On the polling thread.
    /// - Parameter site: the site from which a browser sends the request
    func grant(
        of exchange: HTTPExchange, _ need: AccessNeed, from site: RequestSite
    ) throws(AccessRefusal) -> Grant {
        let anonymous = anonymous
        let credential = anonymous === Grant.full ? Credential.none : Credential(exchange)
        let isChange = exchange.method.changesSomething
        switch credential {
        case .header(let field):
            if let grant = find(field) { return grant }
            // A request that needs no right needs no valid token.
            if need.right == .none { return anonymous }
            throw .unknownToken
        case .cookie(let token):
            // A browser adds the cookie by itself, so it has to say which page sends the request.
            if isChange, need.right != .none, site != .own { throw .foreignOrigin(reason: RequestSite.unknownReason) }
            // An expired cookie counts as no token.
            return grant(of: token) ?? anonymous
        case .none:
            if isChange, case .allowed(let origin) = site {
                throw .foreignOrigin(
                    reason: "Origin is \"\(origin)\", whose pages may change things only with a token in Authorization")
            }
            return anonymous
        }
    }

    private func grant(of token: UnsafeRawBufferPointer) -> Grant? {
        catchUp()
        let grant = present.table.grant(of: token, at: now)
        grant?.noteUse(at: now)
        return grant
    }

    /// The grant of a field `Authorization`; nil if its token is unknown or expired.
    private func find(_ field: UnsafeRawBufferPointer) -> Grant? {
        catchUp()
        let now = now
        for known in recent
        where known.field.withUnsafeBytes({ TokenSecret.isSame($0, field) }) && known.grant.holds(at: now) {
            known.grant.noteUse(at: now)
            return known.grant
        }
        guard let token = Credential.token(in: field),
            let grant = token.withUnsafeBytes({ present.table.grant(of: $0, at: now) })
        else { return nil }
        grant.noteUse(at: now)
        if recent.count < Self.remembered {
            recent.append((Array(field), grant))
        } else {
            recent[nextRecent] = (Array(field), grant)
            nextRecent = (nextRecent + 1) % Self.remembered
        }
        return grant
    }

    /// Takes over a new table.
    private func catchUp() {
        let newest = generation.load(ordering: .acquiring)
        if newest == present.generation { return }
        present = (state.withLock { $0.table }, newest)
        (recent, nextRecent) = ([], 0)
    }
}

extension HTTPMethod {
    /// Whether a request changes something by its method (RFC 9110 section 9.2.1).
    package var changesSomething: Bool {
        switch self {
        case .get, .head, .options: false
        default: true
        }
    }
}
