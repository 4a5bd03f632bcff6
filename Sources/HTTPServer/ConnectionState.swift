internal import CMicroHTTPD
internal import Synchronization

/// Where a request stands between the polling thread, which reads and sends, and the threads that work on it, and
/// whether its connection is suspended meanwhile. Nothing else suspends or resumes a connection.
///
/// Whoever makes a connection wait puts a hold on it, and takes it away again. Between two of libmicrohttpd's runs the
/// polling thread suspends the connections that something holds (`settle(_:)`); whoever takes the last hold away
/// resumes. To hold twice is to hold once, and to release what is not held does nothing.
///
/// Between two runs, not within a callback, for two reasons (0.9.75): libmicrohttpd calls on with the next chunk of
/// what it has read although the connection is suspended (`process_request_body()`); and a connection that is resumed
/// is read first if it was suspended while that was what it waited for, so that a client that had ended its side behind
/// a whole request got no reply (`call_handlers()`, `MHD_connection_handle_read()`). Between two runs all that was read
/// has been handed over.
struct ConnectionState: ~Copyable {
    /// What a connection waits for.
    struct Hold: OptionSet {
        let rawValue: Int

        /// The reply to its request.
        static let reply = Hold(rawValue: 1)
        /// Room for more of its body.
        static let room = Hold(rawValue: 2)
        /// More of the reply's body.
        static let stream = Hold(rawValue: 4)
    }

    private enum Bit {
        static let holds = 7
        static let suspended = 8
        /// Somebody has given the reply, and the reply is there to be read.
        static let claimed = 16
        static let answered = 32
        /// The request is over: its client has gone, or has its reply.
        static let over = 64
    }

    private let bits = Atomic<Int>(0)

    var isSuspended: Bool { bits.load(ordering: .acquiring) & Bit.suspended != 0 }
    var isAnswered: Bool { bits.load(ordering: .acquiring) & Bit.answered != 0 }
    var isOver: Bool { bits.load(ordering: .acquiring) & Bit.over != 0 }

    /// Makes the connection wait. On the polling thread. A request that is answered no longer waits for its reply.
    func hold(_ hold: Hold) {
        _ = change { $0 & Bit.answered != 0 && hold == .reply ? $0 : $0 | hold.rawValue }
    }

    /// Takes a hold away.
    /// - Returns: whether the connection was suspended and has to be resumed, by the caller
    func release(_ hold: Hold) -> Bool {
        change { Self.released($0 & ~hold.rawValue) }.isResumed
    }

    /// Whether the caller is the first to answer.
    func claim() -> Bool {
        bits.bitwiseOr(Bit.claimed, ordering: .acquiringAndReleasing).oldValue & Bit.claimed == 0
    }

    /// The reply that the caller claimed is there; what was written before is seen by who finds it answered.
    /// - Returns: whether the connection has to be resumed, by the caller; and whether the request was over before
    func answer() -> (resumes: Bool, isOver: Bool) {
        let (old, isResumed) = change { Self.released($0 & ~Hold.reply.rawValue | Bit.answered) }
        return (isResumed, old & Bit.over != 0)
    }

    /// The request is over.
    /// - Returns: whether it was answered
    func end() -> Bool {
        bits.bitwiseOr(Bit.over, ordering: .acquiringAndReleasing).oldValue & Bit.answered != 0
    }

    /// Suspends the connection where something holds it. On the polling thread, between two of libmicrohttpd's runs.
    /// - Returns: whether it has to be resumed again, by the caller: it was released meanwhile
    func settle(_ connection: OpaquePointer) -> Bool {
        let now = bits.load(ordering: .acquiring)
        guard now & (Bit.over | Bit.suspended) == 0, now & Bit.holds != 0 else { return false }
        // Before it is told, or another thread could resume what is not suspended yet.
        MHD_suspend_connection(connection)
        let (old, _) = change { $0 & Bit.holds == 0 ? $0 : $0 | Bit.suspended }
        return old & Bit.holds == 0
    }

    /// Resumes the connection. By whoever was told to, who then makes the polling thread see it.
    func resume(_ connection: OpaquePointer) { MHD_resume_connection(connection) }

    private static func released(_ bits: Int) -> Int {
        bits & Bit.holds == 0 ? bits & ~Bit.suspended : bits
    }

    private func change(_ changed: (Int) -> Int) -> (old: Int, isResumed: Bool) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = changed(old)
            let (exchanged, original) = bits.weakCompareExchange(
                expected: old, desired: new, ordering: .acquiringAndReleasing)
            if exchanged { return (old, old & Bit.suspended != 0 && new & Bit.suspended == 0) }
            old = original
        }
    }
}
