internal import Glibc

/// A listening socket: a TCP socket, or a Unix socket of this machine (unix(7)).
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// The port that it got: the requested one, or one of the system's choice if that was 0. 0 for a Unix socket.
    package let port: Int
    /// Whether it is a TCP socket.
    package let isOfNetwork: Bool
    /// Where it listens: `127.0.0.1:7117`, `[::1]:7117`, `unix:/run/rundir/socket`.
    package let address: String
    /// The socket file that was made for it, to be removed at the end.
    private let file: SocketFile?

    /// Why a socket could not be opened, in words for the person who started the server.
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
        let descriptor = Self.make(address.pointee.ai_family)
        func fail() -> Failure {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            return Failure(description: "cannot listen on \(host) port \(port): \(reason)")
        }
        guard descriptor >= 0 else { throw fail() }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, Self.listen(descriptor)
        else { throw fail() }
        self.descriptor = descriptor
        self.port = Self.port(of: descriptor)
        isOfNetwork = true
        self.address = "\(host.contains(":") ? "[\(host)]" : host):\(self.port)"
        file = nil
    }

    /// Makes a socket file and listens (unix(7)). Replaces a file that a server left behind.
    /// - Parameters:
    ///   - path: of the file, at most 107 bytes
    ///   - mode: of the file: clients that may write the file may connect
    package init(path: String, mode: Int) throws(Failure) {
        let descriptor = Self.make(AF_UNIX)
        guard descriptor >= 0 else { throw Failure(description: Self.refusal(path)) }
        do throws(Failure) {
            file = try SocketFile(path, mode: mode, boundTo: descriptor)
            guard Self.listen(descriptor) else { throw Failure(description: Self.refusal(path)) }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        port = 0
        isOfNetwork = false
        address = "unix:\(path)"
    }

    /// Takes over a socket that already listens.
    init?(inherited descriptor: Int32) {
        var (listens, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0, listens == 1 else {
            return nil
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        self.descriptor = descriptor
        file = nil
        let name = Self.name(of: descriptor)
        isOfNetwork = name.host != nil
        port = name.host == nil ? 0 : Self.port(of: descriptor)
        address = name.host.map { "\($0.contains(":") ? "[\($0)]" : $0):\(name.service)" } ?? "unix:\(name.service)"
    }

    /// Removes the socket file, if one was made.
    package func removeFile() { file?.remove() }

    static func refusal(_ path: String) -> String {
        "cannot listen on unix:\(path): \(String(cString: strerror(errno)))"
    }

    private static func make(_ family: Int32) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        return socket(family, type, 0)
    }

    private static func listen(_ descriptor: Int32) -> Bool { Glibc.listen(descriptor, 1024) == 0 }

    /// The port that a socket is bound to (getsockname(2)).
    private static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // sin_port and sin6_port have the same offset.
            return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }

    /// The address and port that a socket is bound to (getnameinfo(3)), or the path and no host.
    private static func name(of descriptor: Int32) -> (host: String?, service: String) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = getsockname(descriptor, address, &length)
                if CInt(address.pointee.sa_family) == AF_UNIX {
                    // The path follows the family, and ends with a zero byte or with the address (unix(7)).
                    let bytes = UnsafeRawBufferPointer(start: address, count: Int(length)).dropFirst(2)
                    return (nil, String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
                }
                var host = [CChar](repeating: 0, count: 256)
                var service = [CChar](repeating: 0, count: 32)
                getnameinfo(
                    address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
                    NI_NUMERICHOST | NI_NUMERICSERV)
                return (text(host), text(service))
            }
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
