import Synchronization
import TestSupport
import Testing

@testable import Access

@Suite struct AllowedHostsTests {
    /// A machine whose addresses and names the test sets.
    private final class Machine: Sendable {
        let addresses = Mutex<Set<[UInt8]>?>([])
        let fullNames = Mutex<[String]>([])
        let looks = Atomic(0)
        let resolvings = Atomic(0)
        let time = Atomic<UInt64>(1 << 40)

        func hosts(_ rules: [HostRule] = []) -> AllowedHosts {
            let names = MachineNames(
                addresses: {
                    self.looks.wrappingAdd(1, ordering: .relaxed)
                    // A look takes a millisecond.
                    self.time.wrappingAdd(1_000_000, ordering: .relaxed)
                    return self.addresses.withLock { $0 }
                },
                name: { "Trainer" },
                fullNames: {
                    defer { self.resolvings.wrappingAdd(1, ordering: .releasing) }
                    return self.fullNames.withLock { $0 }
                })
            return AllowedHosts(rules, machine: names, clock: { self.time.load(ordering: .relaxed) })
        }
    }

    private static func host(_ text: String) throws -> Authority.Host { try #require(Authority(text.utf8)).host }

    @Test(
        arguments: [
            ("example.org", "Example.ORG:80", true), ("example.org", "a.example.org", false),
            ("*.example.org", "a.b.example.org", true), ("*.example.org", "example.org", false),
            ("*.example.org", "evilexample.org", false), ("*", "anything.example", true), ("*", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.9:1", true), ("2001:db8::1", "[2001:DB8:0::1]", true),
            ("[2001:db8::1]", "[2001:db8::2]", false), ("my_service", "my_service", true),
        ])
    func ruleAllowsWhatItSays(rule: String, host: String, isAllowed: Bool) throws {
        let hosts = Machine().hosts([try #require(HostRule(rule))])
        #expect(hosts.contains(try Self.host(host)) == isAllowed)
    }

    @Test(arguments: [
        "", "example.org:80", "example.org:", "[::1]:80", "http://a", "a b", "*.", "*.127.0.0.1", "**", "a.*",
    ])
    func whatIsNoHostIsNoRule(text: String) { #expect(HostRule(text) == nil) }

    @Test func addressThatComesUpLaterIsFound() throws {
        let machine = Machine()
        let hosts = machine.hosts()
        let host = try Self.host("10.1.2.3")
        #expect(!hosts.contains(host))
        guard case .address(let address) = host else { return }
        machine.addresses.withLock { _ = $0?.insert(address) }
        machine.time.wrappingAdd(60_000_000, ordering: .relaxed)
        #expect(hosts.contains(host))
    }

    @Test func unknownAddressesAreLookedUpForASmallPartOfTheTime() throws {
        let machine = Machine()
        let hosts = machine.hosts()
        for number in 0..<250 { #expect(!hosts.contains(try Self.host("10.1.2.\(number)"))) }
        #expect(machine.looks.load(ordering: .relaxed) == 1)
    }

    @Test func whereTheSystemTellsNoAddressesAllAreTakenButNoNames() throws {
        let machine = Machine()
        machine.addresses.withLock { $0 = nil }
        let hosts = machine.hosts()
        #expect(hosts.contains(try Self.host("10.1.2.3")))
        #expect(!hosts.contains(try Self.host("evil.example")))
    }

    @Test func hostNameIsAllowedAloneWithLocalAndWithItsDomain() throws {
        let machine = Machine()
        let hosts = machine.hosts()
        #expect(hosts.contains(try Self.host("trainer")))
        #expect(hosts.contains(try Self.host("TRAINER.local:7117")))
        #expect(!hosts.contains(try Self.host("trainer.evil.example")))
        // The domain was not there at the start: the name is asked for again, some time later.
        #expect(eventually { machine.resolvings.load(ordering: .acquiring) == 1 })
        machine.fullNames.withLock { $0 = ["trainer.Lab.example"] }
        let isFound = eventually {
            machine.time.wrappingAdd(31_000_000_000, ordering: .relaxed)
            return (try? hosts.contains(Self.host("trainer.lab.example"))) ?? false
        }
        #expect(isFound)
        #expect(!hosts.contains(try Self.host("trainer.evil.example")))
    }
}
