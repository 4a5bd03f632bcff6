import Glibc
import TestSupport
import Testing

@testable import Access

/// What root makes beside a server of another user.
@Suite(.enabled(if: geteuid() == 0, "only root gives files away")) struct FileOwnerTests {
    private let folder = TemporaryFolder()

    private func owner(_ path: String) -> uid_t? {
        var status = stat()
        return lstat("\(folder.path)/\(path)", &status) == 0 ? status.st_uid : nil
    }

    @Test func filesBelongToTheOwnerOfTheServersFolder() throws {
        mkdir("\(folder.path)/.rundir", 0o755)
        chown("\(folder.path)/.rundir", 12_345, 12_345)
        let secret = try TokenSecret.make()
        try TokenFile(runs: folder.path).change {
            $0.append(Token(secret, name: "ci", right: .read, scope: .all, created: 0, expires: nil))
        }
        try AuditFolder(runs: folder.path).prepare()
        try AuditFolder(runs: folder.path).append([AuditEntry(time: 0, operation: "createToken")])
        for path in [".rundir/tokens", ".rundir/tokens.lock", ".rundir/audit", ".rundir/audit/audit.ndjson"] {
            #expect(owner(path) == 12_345, "\(path)")
        }
    }

    @Test func newFolderBelongsToTheOwnerOfTheRuns() throws {
        chown(folder.path, 12_345, 12_345)
        try TokenFile(runs: folder.path).change { _ in }
        #expect(owner(".rundir") == 12_345 && owner(".rundir/tokens") == 12_345)
    }
}
