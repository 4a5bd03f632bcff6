internal import CMicroHTTPD
internal import Synchronization

/// The state of a request, shared by the polling thread, which reads and sends, and the threads that work on it. It
/// also decides whether the connection is suspended: nothing else suspends or resumes a connection.
///
/// To make a connection wait, set a hold, and release it later. Between two runs of libmicrohttpd, the polling thread
/// suspends the connections with a hold (`settle(_:)`). The thread that releases the last hold resumes the connection.
/// Setting a hold twice is the same as setting it once; releasing a hold that is not set does nothing.
///
/// Connections are suspended between two runs, not within a callback, for two reasons (0.9.75):
/// - libmicrohttpd goes on to hand over the next chunk that it has read, although the connection is suspended
///   (`process_request_body()`).
/// - If a connection was suspended while it waited to be read, libmicrohttpd reads it first after the resume. If the
///   client had closed its sending side after a whole request, it then got no reply (`call_handlers()`,
///   `MHD_connection_handle_read()`).
///
/// Between two runs, everything that was read has been handed over.
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
        /// `claimed`: a thread answers. `answered`: the reply can be read.
        static let claimed = 16
        static let answered = 32
        /// The request is over: its client has gone, or has its reply.
        static let over = 64
    }

    private let bits = Atomic<Int>(0)

    var isSuspended: Bool { bits.load(ordering: .acquiring) & Bit.suspended != 0 }
    var isAnswered: Bool { bits.load(ordering: .acquiring) & Bit.answered != 0 }
    var isOver: Bool { bits.load(ordering: .acquiring) & Bit.over != 0 }

    /// Sets a hold. On the polling thread. Once the request is answered, `.reply` has no effect.
    func hold(_ hold: Hold) {
        _ = change { $0 & Bit.answered != 0 && hold == .reply ? $0 : $0 | hold.rawValue }
    }

    /// Releases a hold.
    /// - Returns: whether the connection was suspended, so that the caller has to resume it
    func release(_ hold: Hold) -> Bool {
        change { Self.released($0 & ~hold.rawValue) }.isResumed
    }

    /// Claims the right to answer; true for the first caller.
    func claim() -> Bool {
        bits.bitwiseOr(Bit.claimed, ordering: .acquiringAndReleasing).oldValue & Bit.claimed == 0
    }

    /// Publishes the reply that the caller claimed. A thread that sees `isAnswered` also sees all that was written
    /// before.
    /// - Returns: whether the caller has to resume the connection, and whether the request was over before
    func answer() -> (resumes: Bool, isOver: Bool) {
        let (old, isResumed) = change { Self.released($0 & ~Hold.reply.rawValue | Bit.answered) }
        return (isResumed, old & Bit.over != 0)
    }

    /// The request is over.
    /// - Returns: whether it was answered
    func end() -> Bool {
        bits.bitwiseOr(Bit.over, ordering: .acquiringAndReleasing).oldValue & Bit.answered != 0
    }

    /// Suspends the connection if it has a hold. On the polling thread, between two of libmicrohttpd's runs.
    /// - Returns: whether the caller has to resume it, since the hold was released meanwhile
    func settle(_ connection: OpaquePointer) -> Bool {
        let now = bits.load(ordering: .acquiring)
        guard now & (Bit.over | Bit.suspended) == 0, now & Bit.holds != 0 else { return false }
        // Before the bit is set: otherwise another thread could resume a connection that is not suspended yet.
        MHD_suspend_connection(connection)
        let (old, _) = change { $0 & Bit.holds == 0 ? $0 : $0 | Bit.suspended }
        return old & Bit.holds == 0
    }

    /// Resumes the connection. Only for callers that were told to do so; they then wake the polling thread.
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
