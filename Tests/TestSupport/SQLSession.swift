import Glibc

/// A session of psql that does what it is told, step by step: it holds locks between two of them.
package final class SQLSession: Sendable {
    private let process: ChildProcess
    private let socket: CInt

    package init(_ server: PostgresServer, _ database: String) throws {
        var ends: [CInt] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ChildProcess.Failure(description: "socketpair: \(errno)")
        }
        socket = ends[0]
        defer { close(ends[1]) }
        process = try ChildProcess(server.psql(database), input: ends[1], output: ends[1], error: ends[1])
    }

    deinit {
        end()
        close(socket)
    }

    /// The session ends, and with it its transaction.
    package func end() {
        shutdown(socket, Int32(SHUT_RDWR))
        _ = try? process.wait(within: 20)
    }

    /// Asks for SQL, and does not wait for it.
    package func ask(_ sql: String) {
        let bytes = Array("\(sql);\n\\echo \(Self.mark)\n".utf8)
        _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private static let mark = "-- done"

    /// Waits for what was asked for last.
    /// - Returns: what it printed, errors too; what there is of it if the session has ended
    @discardableResult
    package func answer() -> String {
        var text: [UInt8] = []
        let end = Array("\(Self.mark)\n".utf8)
        while text.suffix(end.count) != end[...] {
            var byte: UInt8 = 0
            if read(socket, &byte, 1) != 1 { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
        return String(decoding: text.dropLast(end.count), as: UTF8.self)
    }

    /// Runs SQL.
    @discardableResult
    package func run(_ sql: String) -> String {
        ask(sql)
        return answer()
    }
}
