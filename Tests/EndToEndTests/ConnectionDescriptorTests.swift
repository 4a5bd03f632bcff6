import TestSupport
import Testing

/// A server that may open few files.
@Suite struct ConnectionDescriptorTests {
    @Test func serverWithoutDescriptorsForConnectionsWaitsAndGoesOn() throws {
        let folder = TemporaryFolder()
        let server = try Server(runs: "\(folder.path)/runs", descriptors: 80)
        // Those of libdispatch, which ends the process when it cannot have them.
        #expect(server.descriptors.contains { $0.hasSuffix("[timerfd]") })
        #expect(try server.connect().send("GET", "/health").status == 200)
        do {
            // More than it can accept; the system holds the rest.
            let clients = try (0..<120).map { _ in try server.connect() }
            #expect(eventually { server.openDescriptors >= 78 })
            // A loop that turns is never found asleep.
            let isAtRest = eventually(within: 20) {
                (0..<20).allSatisfy { _ in
                    server.threads.allSatisfy { !$0.name.hasPrefix("polling") || $0.state == "S" }
                }
            }
            #expect(isAtRest)
            // One that was accepted is served.
            #expect(try clients[0].send("GET", "/health").status == 200)
        }
        #expect(eventually { server.openDescriptors < 70 })
        #expect(try server.connect().send("GET", "/health").status == 200)
        #expect(try server.connect().send("PUT", "/runs/after").status == 201)
        #expect(try server.terminate() == .exited(0))
    }
}
