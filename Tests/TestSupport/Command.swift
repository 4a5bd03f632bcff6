import Glibc

/// A program that is run to its end.
package struct Command {
    package let ending: ChildProcess.Ending
    package let output: [UInt8]
    package let errors: String

    /// A command that was expected to succeed did not.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs a program, with nothing to read.
    package init(_ arguments: String..., directory: String? = nil) throws {
        try self.init(arguments: arguments, directory: directory)
    }

    package init(arguments: [String], directory: String? = nil) throws {
        let folder = TemporaryFolder()
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open("\(folder.path)/output", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        let error = open("\(folder.path)/error", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        defer { for descriptor in [input, output, error] { close(descriptor) } }
        // posix_spawn(3) cannot change the directory by what Glibc declares here; env(1) can.
        let words = (directory.map { ["env", "-C", $0] } ?? []) + arguments
        let process = try ChildProcess(words, input: input, output: output, error: error)
        ending = try process.wait()
        self.output = folder.read("output") ?? []
        errors = folder.text("error") ?? ""
    }

    /// Runs a program that has to succeed.
    /// - Returns: what it printed
    @discardableResult
    package static func succeed(_ arguments: String..., directory: String? = nil) throws -> [UInt8] {
        let command = try Command(arguments: arguments, directory: directory)
        guard command.ending == .exited(0) else {
            throw Failure(description: "\(arguments.joined(separator: " ")): \(command.ending): \(command.errors)")
        }
        return command.output
    }

    /// Runs a Python program that has to succeed.
    @discardableResult
    package static func python(_ program: String, directory: String) throws -> [UInt8] {
        try succeed("python3", "-c", program, directory: directory)
    }
}
