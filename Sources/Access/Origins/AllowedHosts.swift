internal import Synchronization
internal import Threads

/// A host that requests may name, beside this machine's own names: `example.org`, an address, `*.example.org` for all
/// names below it, or `*` for all hosts. The port of a request is ignored.
package struct HostRule: Sendable, Hashable {
    private enum Kind: Hashable {
        case all
        /// A name with a leading dot.
        case below(String)
        case host(Authority.Host)
    }

    private let kind: Kind

    /// Nil if the text is none of these.
    package init?(_ text: String) {
        if text == "*" {
            kind = .all
            return
        }
        let isBelow = text.hasPrefix("*.")
        let rest = isBelow ? String(text.dropFirst(2)) : text
        // An IPv6 address may be written without brackets.
        let found = Authority(rest.utf8) ?? Authority("[\(rest)]".utf8)
        guard let found, found.port == nil, !(rest.hasSuffix(":") && Authority(rest.utf8) != nil) else { return nil }
        if isBelow {
            guard case .name(let name) = found.host else { return nil }
            kind = .below(".\(name)")
        } else {
            kind = .host(found.host)
        }
    }

    func allows(_ host: Authority.Host) -> Bool {
        switch (kind, host) {
        case (.all, _): true
        case (.below(let end), .name(let name)): name.hasSuffix(end)
        case (.below, .address): false
        case (.host(let own), _): own == host
        }
    }
}

/// The hosts that requests may name: loopback names, this machine's names and addresses, and those that the rules
/// allow.
final class AllowedHosts: Sendable {
    private struct Known {
        var addresses: Set<[UInt8]>? = []
        /// The earliest time of the next lookup of addresses, nanoseconds.
        var nextLook: UInt64 = 0
        var fullNames: Set<String> = []
        var nextResolving: UInt64 = 0
        var isResolving = false
    }

    private let rules: [HostRule]
    private let machine: MachineNames
    private let clock: @Sendable () -> UInt64
    private let known = Mutex(Known())

    /// - Parameter clock: nanoseconds, monotonic
    init(
        _ rules: [HostRule], machine: MachineNames = .system,
        clock: @escaping @Sendable () -> UInt64 = monotonicNanoseconds
    ) {
        (self.rules, self.machine, self.clock) = (rules, machine, clock)
        resolve()
    }

    func contains(_ host: Authority.Host) -> Bool {
        if host.isLoopback || rules.contains(where: { $0.allows(host) }) { return true }
        switch host {
        case .address(let address): return isOwn(address)
        case .name(let name): return isOwn(name)
        }
    }

    // MARK: This machine's names

    /// Whether an interface has the address. Addresses change, so for an unknown one they are looked up again, in at
    /// most 2 % of the time. If the system does not tell them, any address is accepted: DNS rebinding needs a name.
    private func isOwn(_ address: [UInt8]) -> Bool {
        known.withLock { known in
            if known.addresses?.contains(address) == true { return true }
            let began = clock()
            if began >= known.nextLook {
                known.addresses = machine.addresses()
                let ended = clock()
                known.nextLook = ended + (ended - began) * 50
            }
            return known.addresses?.contains(address) ?? true
        }
    }

    /// Whether it is the host name, alone, with `.local` (RFC 6762) or with its domain.
    private func isOwn(_ name: String) -> Bool {
        let own = machine.name().lowercased()
        let first = Self.firstLabel(own)
        if !own.isEmpty, name == own || name == first || name == "\(first).local" { return true }
        if known.withLock({ $0.fullNames.contains(name) }) { return true }
        // The domain may have been unknown at the start.
        if !first.isEmpty, Self.firstLabel(name) == first { resolve() }
        return false
    }

    private static func firstLabel(_ name: String) -> Substring { name.prefix { $0 != "." } }

    /// Looks up the host name with its domain, on a thread of its own, since a name server may take long; at most every
    /// 30 s.
    private func resolve() {
        let begins = known.withLock { known in
            guard !known.isResolving, clock() >= known.nextResolving else { return false }
            known.isResolving = true
            return true
        }
        guard begins else { return }
        Thread(named: "host name") { [self] in
            let names = machine.fullNames()
            known.withLock { known in
                known.fullNames.formUnion(names.map { $0.lowercased() })
                known.nextResolving = clock() + 30_000_000_000
                known.isResolving = false
            }
        }.detach()
    }
}
