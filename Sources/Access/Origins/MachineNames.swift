internal import Glibc

/// Finds this machine's names and addresses.
package struct MachineNames: Sendable {
    /// The addresses of its interfaces, 16 bytes each, as in `Authority.Host`; nil if the system does not tell.
    package var addresses: @Sendable () -> Set<[UInt8]>?
    /// Its host name.
    package var name: @Sendable () -> String
    /// That name with its domain. May block.
    package var fullNames: @Sendable () -> [String]

    /// From the system: getifaddrs(3), gethostname(2), getaddrinfo(3).
    package static let system = MachineNames(
        addresses: interfaceAddresses, name: hostName, fullNames: { canonicalName(hostName()).map { [$0] } ?? [] })

    @Sendable private static func interfaceAddresses() -> Set<[UInt8]>? {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return nil }
        defer { freeifaddrs(first) }
        var found: Set<[UInt8]> = []
        var next = first
        while let interface = next {
            next = interface.pointee.ifa_next
            guard let address = interface.pointee.ifa_addr else { continue }
            switch CInt(address.pointee.sa_family) {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    let bytes = withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
                    found.insert([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] + bytes)
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    _ = found.insert(withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) })
                }
            default: break
            }
        }
        return found
    }

    @Sendable private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func canonicalName(_ name: String) -> String? {
        var hints = addrinfo()
        hints.ai_flags = AI_CANONNAME
        var found: UnsafeMutablePointer<addrinfo>?
        guard !name.isEmpty, getaddrinfo(name, nil, &hints, &found) == 0 else { return nil }
        defer { freeaddrinfo(found) }
        return found?.pointee.ai_canonname.map { String(cString: $0) }
    }
}
