internal import Glibc
internal import Synchronization

/// Whether the client at the other end of a connection is still there. Any thread may ask.
///
/// libmicrohttpd does not watch a suspended connection, and a connection is suspended while its request is worked on.
final class ClientPresence: Sendable {
    private struct State {
        /// Nil once the connection is closed: its descriptor may be reused by then.
        var socket: Int32?
        /// When the client was first seen to have closed its sending side, nanoseconds, monotonic.
        var halfClosedAt: UInt64?
    }

    private let state: Mutex<State>
    /// Nanoseconds.
    private let patience: UInt64

    /// - Parameter patience: seconds for which a client that has closed its sending side may still wait for its reply
    init(socket: Int32, patience: Int) {
        state = Mutex(State(socket: socket))
        self.patience = UInt64(patience) * 1_000_000_000
    }

    /// Whether the client has gone (poll(2)): it has reset the connection, or it was first seen to have closed its
    /// sending side longer than the patience ago. Until then it may wait for its reply, as `nc -N` does.
    func isGone(now: UInt64) -> Bool {
        state.withLock { state in
            guard let socket = state.socket else { return true }
            var look = pollfd(fd: socket, events: sendsNoMore, revents: 0)
            guard poll(&look, 1, 0) > 0 else { return false }
            if look.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { return true }
            guard look.revents & sendsNoMore != 0 else { return false }
            guard let since = state.halfClosedAt else {
                state.halfClosedAt = now
                return patience == 0
            }
            // Each thread reads the clock before it comes here: another one's may be later.
            return now >= since && now - since >= patience
        }
    }

    /// The connection is about to be closed.
    func end() { state.withLock { $0.socket = nil } }
}

/// POLLRDHUP of poll(2), which Swift does not import.
private let sendsNoMore: Int16 = 0x2000
