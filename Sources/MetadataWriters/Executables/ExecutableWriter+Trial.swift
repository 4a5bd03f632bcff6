internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension ExecutableWriter {
    /// The result of a trial.
    package struct Trial: Sendable {
        package let hasStarted: Bool
        /// What happened, in one line.
        package let report: String
    }

    /// The warning at the start if the kernel has no Landlock.
    package static let unconfined =
        "this kernel has no Landlock: executables of custom types are not kept from writing elsewhere"

    /// Starts the executable as for a request, with a body of one line feed; nothing is published. It may fail on such
    /// a body.
    package func trial() throws -> Trial {
        let body = try scratch.makeFile()
        try [UInt8(ascii: "\n")].withUnsafeBytes { try body.write($0) }
        do {
            let output = try run(input: body, WriteRequest(), in: scratch.makeFolder())
            return Trial(hasStarted: true, report: "started, ended with status 0, made \(output.files.count) files")
        } catch WriterFailure.notStarted(_, let reason) {
            return Trial(hasStarted: false, report: "cannot be started: \(reason)")
        } catch WriterFailure.ended(_, let how, let lines) {
            return Trial(hasStarted: true, report: "started, \(how)\(lines.isEmpty ? "" : ": \(lines)")")
        } catch let failure as WriterFailure {
            return Trial(hasStarted: true, report: "started, \(failure)")
        }
    }
}
