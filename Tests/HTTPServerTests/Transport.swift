import Glibc
import HTTPServer
import TestSupport
import Testing

/// What a test's connections go over.
enum Transport: CaseIterable {
    case plain, encrypted

    /// That of the test that runs.
    @TaskLocal static var current = Transport.plain

    /// A certificate for all servers of the tests.
    static let identity = Result<TLSIdentity, any Error> {
        let folder = TemporaryFolder()
        return try selfSigned(in: folder).renew(now: time(nil))
    }

    /// Files of a certificate for this machine's loopback addresses, in a folder `tls` below another.
    static func selfSigned(in folder: TemporaryFolder, names: [String] = ["localhost"]) -> SelfSignedFiles {
        let names = SelfSignedFiles.Names(names: names, addresses: [loopback])
        return SelfSignedFiles(folder: "\(folder.path)/tls", required: names) { names }
    }

    /// 127.0.0.1 as 16 bytes.
    static let loopback = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 127, 0, 0, 1]
}

/// Runs each test over plain connections, and then over encrypted ones.
struct OverBothTransports: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Around each case of each test, not around the suite as a whole.
        guard testCase != nil else { return try await function() }
        for transport in Transport.allCases {
            try await Transport.$current.withValue(transport) { try await function() }
        }
    }
}

extension Trait where Self == OverBothTransports {
    static var overBothTransports: OverBothTransports { OverBothTransports() }
}
