import Glibc
import Testing

@testable import HTTPServer

/// A client that sends no more, seen by several threads.
@Suite struct HalfClosedTests {
    /// A thread that has read the clock earlier than another may look later.
    @Test func anEarlierTimeThanTheFirstLookIsNoTimeAtAll() {
        var pair: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        defer { for socket in pair { close(socket) } }
        let presence = ClientPresence(socket: pair[0], patience: 1)
        #expect(!presence.isGone(now: 5_000_000_000))
        shutdown(pair[1], Int32(SHUT_WR))
        #expect(!presence.isGone(now: 5_000_000_000))
        #expect(!presence.isGone(now: 4_000_000_000))
        #expect(presence.isGone(now: 6_000_000_000))
    }
}
