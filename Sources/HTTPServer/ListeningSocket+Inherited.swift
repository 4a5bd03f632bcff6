internal import Glibc

extension ListeningSocket {
    /// The first descriptor that is passed (SD_LISTEN_FDS_START of sd_listen_fds(3)).
    private static let first: Int32 = 3
    /// The most that are passed; more is a mistake.
    private static let most = 64

    /// Sockets that the parent process passed to this one, as systemd does for a socket unit (sd_listen_fds(3)):
    /// `LISTEN_PID` is this process, `LISTEN_FDS` their number. Empty if there are none. The variables are removed, so
    /// that programs started from here do not take them for their own.
    /// - Throws: if one of them is not a listening socket
    package static func inherited() throws(Failure) -> [ListeningSocket] {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let process = variable("LISTEN_PID"), process == getpid(), let count = variable("LISTEN_FDS"),
            (1...most).contains(count)
        else { return [] }
        var sockets: [ListeningSocket] = []
        for descriptor in first..<first + Int32(count) {
            guard let socket = ListeningSocket(inherited: descriptor) else {
                throw Failure(
                    description: "LISTEN_FDS: descriptor \(descriptor) is no socket that listens; "
                        + "a socket unit needs ListenStream= and Accept=no")
            }
            sockets.append(socket)
        }
        return sockets
    }

    private static func variable(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
