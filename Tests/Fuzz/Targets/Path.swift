import HTTPServer
import LocalFiles
import RunMetadata

@testable import DirectoryStore

/// Paths of requests, and names that become paths on the disk.
func fuzzPath(_ input: [UInt8]) {
    if let path = try? RequestPath(input) {
        for name in (try? path.file(from: 0)) ?? [] {
            precondition(!name.isEmpty && name != "." && name != "..", "\(name) leaves its folder")
            precondition(!name.utf8.contains(UInt8(ascii: "/")), "\(name) is more than one name")
        }
    }
    if let decoded = PercentEncoding.decode(input) {
        let again = PercentEncoding.decode(Array(PercentEncoding.encode(decoded).utf8))
        precondition(again == decoded, "an escape is lost")
    }
    let text = String(decoding: input, as: UTF8.self)
    if let run = RunID(text) { precondition(!run.description.hasPrefix(".") && !run.description.contains("/")) }
    if let name = PropertyName(text) { precondition(!name.description.contains("/")) }
    if let path = DataPath(text) {
        precondition(path.components.allSatisfy { $0 != ".." && $0 != "." && !$0.isEmpty }, "a path leaves its folder")
    }
}
