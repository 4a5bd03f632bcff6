internal import Glibc

/// A TCP socket that listens.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// The port it got; the one asked for, or one of the system's choice where that was 0.
    package let port: Int

    /// Why a socket could not be had, in words for the person who started the server.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Binds and listens (getaddrinfo(3), bind(2), listen(2)).
    /// - Parameters:
    ///   - host: a name or address of this machine
    ///   - port: 1 to 65535, or 0 for any free one
    package init(host: String, port: Int) throws(Failure) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let address = found else {
            throw Failure(description: "\(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(address) }
        let descriptor = socket(
            address.pointee.ai_family,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                | Int32(SOCK_NONBLOCK.rawValue), 0)
        func fail() -> Failure {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            return Failure(description: "cannot listen on \(host) port \(port): \(reason)")
        }
        guard descriptor >= 0 else { throw fail() }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(descriptor, 1024) == 0
        else { throw fail() }
        self.descriptor = descriptor
        self.port = Self.port(of: descriptor)
    }

    /// The port that a socket is bound to (getsockname(2)).
    private static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // sin_port and sin6_port are at the same place.
            return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }
}
