import Foundation
import TestSupport

/// `faults/`, built, and a server that it is preloaded into.
struct FaultLayer {
    /// What happens at a call.
    enum Kind: String, CaseIterable, Sendable {
        case kill
        case killAfter = "kill-after"
        case short
        case ioError = "EIO"
        case noSpace = "ENOSPC"
        case interrupted = "EINTR"
        /// And at each one after it.
        case ioErrors = "EIO+"
        case noSpaceFromThen = "ENOSPC+"

        var isKill: Bool { self == .kill || self == .killAfter }
    }

    /// The library; nil where there is no C compiler.
    static let library: String? = {
        let sources = ["turns", "files", "names"].map { name in
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "faults/\(name).c").path
        }
        let library = "\(folder.path)/faults.so"
        for compiler in ["cc", "clang"] {
            let command = try? Command(
                arguments: [compiler, "-O1", "-shared", "-fPIC", "-pthread", "-o", library] + sources + ["-ldl"])
            if command?.ending == .exited(0) { return library }
        }
        return nil
    }()
    private static let folder = TemporaryFolder()

    /// The runs directory.
    let runs: String
    /// Where the trace goes.
    let trace: String

    /// Starts a server with a fault.
    /// - Parameters:
    ///   - number: of the call, from 1; 0: none
    func start(journalSize: Int, _ kind: Kind = .kill, at number: Int = 0) throws -> Server {
        try Server(
            runs: runs, "--journal-size", "\(journalSize)",
            variables: [
                "LD_PRELOAD": Self.library ?? "", "FAULTS_ROOT": runs, "FAULTS_TRACE": trace, "FAULTS_AT": "\(number)",
                "FAULTS_KIND": kind.rawValue,
            ])
    }

    /// Starts a server each of whose syncs is interrupted first.
    func startInterrupting() throws -> Server {
        try Server(
            runs: runs, "--journal-size", "65536",
            variables: [
                "LD_PRELOAD": Self.library ?? "", "FAULTS_ROOT": runs, "FAULTS_TRACE": trace, "FAULTS_INTERRUPT": "1",
            ])
    }

    /// Starts a server with a fault that may keep it from starting.
    /// - Parameter faults: gets what is wrong besides
    /// - Returns: nil where it did not start, by the fault
    func start(journalSize: Int, _ kind: Kind, at number: Int, _ faults: inout [String]) throws -> Server? {
        do { return try start(journalSize: journalSize, kind, at: number) } catch let failure as Server.Failure {
            let isPlanned =
                kind.isKill
                ? failure.ending == .signalled(SIGKILL)
                : failure.ending == .exited(1) && failure.description.contains("cannot open the runs directory")
            if number == 0 || !isPlanned {
                faults.append("did not start: \(failure) \(String(describing: failure.ending))")
            }
            return nil
        }
    }

    /// Notes in the trace that the client was told of success for so many of its questions.
    func noteAcknowledgement(_ number: Int) {
        let file = open(trace, O_WRONLY | O_APPEND | O_CLOEXEC)
        let line = Array("ack\t\(number)\n".utf8)
        _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    /// The names of the counted calls, in order.
    func calls() -> [String] {
        var calls: [String] = []
        for event in DiskTrace(trace) {
            if case .call(let name) = event { calls.append(name) }
        }
        return calls
    }
}
