import Access
import ArgumentParser
import HTTPServer

/// Addresses to listen on, in addition to the one host and port.
struct ListenOptions: ParsableArguments {
    @Option(
        name: .customLong("listen"),
        help: ArgumentHelp(
            "Where to listen, instead of --host and --port: HOST:PORT, [ADDRESS]:PORT for IPv6, or unix:PATH for a "
                + "socket file on this machine; may be repeated. Sockets that systemd passes (LISTEN_FDS) replace all. "
                + "[env: RUNDIR_LISTEN, separated by \",\"]", valueName: "address"))
    var addresses: [String] = Environment.list("RUNDIR_LISTEN", separator: ",")

    @Option(
        help: ArgumentHelp(
            "The mode of the socket file of unix:PATH, in octal, 0 to 777: users who may write it may connect; "
                + "default: 660. [env: RUNDIR_SOCKET_MODE]", valueName: "mode"))
    var socketMode = Environment.text("RUNDIR_SOCKET_MODE") ?? "660"

    private enum Address {
        case network(host: String, port: Int)
        case file(path: String)

        init?(_ text: String) {
            if text.hasPrefix("unix:") {
                let path = text.dropFirst("unix:".count)
                guard !path.isEmpty else { return nil }
                self = .file(path: String(path))
                return
            }
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (0...65_535).contains(port)
            else { return nil }
            var host = text[..<colon]
            let isBracketed = host.first == "[" && host.last == "]"
            if isBracketed { host = host.dropFirst().dropLast() }
            guard !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
            self = .network(host: String(host), port: port)
        }
    }

    private var parsed: [Address] { addresses.compactMap(Address.init) }

    /// The hosts of these addresses.
    var hosts: [String] {
        parsed.compactMap { address in
            if case .network(let host, _) = address { return host }
            return nil
        }
    }

    func validate() throws {
        for address in addresses where Address(address) == nil {
            throw ValidationError(
                "--listen is \"\(address)\"; it has to be HOST:PORT, [ADDRESS]:PORT for IPv6, or unix:PATH")
        }
        guard let mode = Int(socketMode, radix: 8), (0...0o777).contains(mode) else {
            throw ValidationError("--socket-mode is \(socketMode); it has to be from 0 to 777, in octal")
        }
    }

    /// Listens on all of these addresses; if there are none, on a host and port.
    func sockets(host: String, port: Int) throws -> [ListeningSocket] {
        let inherited = try ListeningSocket.inherited()
        if !inherited.isEmpty { return inherited }
        if parsed.isEmpty { return [try ListeningSocket(host: host, port: port)] }
        var sockets: [ListeningSocket] = []
        do {
            for address in parsed {
                switch address {
                case .network(let host, let port): sockets.append(try ListeningSocket(host: host, port: port))
                case .file(let path):
                    sockets.append(try ListeningSocket(path: path, mode: Int(socketMode, radix: 8) ?? 0o660))
                }
            }
        } catch {
            for socket in sockets { socket.removeFile() }
            throw error
        }
        return sockets
    }
}

extension ListeningSocket {
    /// Whether the address can be reached only from this machine.
    var isLocal: Bool { !isOfNetwork || ListenAddress.isLoopback(address) }
}
