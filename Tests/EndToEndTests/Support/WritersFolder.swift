import Glibc
import TestSupport

/// A writers folder of a test.
extension TemporaryFolder {
    /// The writers that are kept beside the tests.
    static let sampleWriters: String = {
        let here = "\(#filePath)".split(separator: "/").dropLast(2)
        return here.reduce(into: "") { $0 += "/" + $1 } + "/Writers"
    }()

    /// Writes an executable script.
    func script(_ name: String, _ text: String, interpreter: String = "/bin/sh") {
        write(name, "#!\(interpreter)\n\(text)\n")
        chmod("\(path)/\(name)", 0o755)
    }
}
