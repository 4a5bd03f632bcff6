import CNettle
import CZlib
import Foundation

/// Writes Swift code that contains compressed files: `PackPage OUTPUT NAME=PATH …`. Runs when the server is built.
///
/// The files have one version, a digest of them all. It replaces `{{version}}` in `index.html`.
@main enum PackPage {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let output = arguments.first else { throw Failure(reason: "no output file is named") }
        var files: [(name: String, bytes: [UInt8])] = []
        for argument in arguments.dropFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw Failure(reason: "\(argument) is not NAME=PATH") }
            files.append((parts[0], [UInt8](try Data(contentsOf: URL(fileURLWithPath: parts[1])))))
        }
        let version = digest(files.flatMap { Array($0.name.utf8) + [0] + $0.bytes })
        var code = "// Made by PackPage.\n\nextension WebPage {\n    static let packedVersion = \"\(version)\"\n"
        code += "    static let packed: [(name: String, length: Int, gzip: StaticString)] = [\n"
        for (name, bytes) in files {
            var bytes = bytes
            if name == "index.html" {
                bytes = Array(
                    String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "{{version}}", with: version).utf8)
            }
            if name.hasSuffix(".js"), !name.hasPrefix("lib/") {
                bytes = Array(withoutComments(String(decoding: bytes, as: UTF8.self)).utf8)
            }
            let packed = try gzip(bytes)
            code += "        (\"\(name)\", \(bytes.count), \"\(Data(packed).base64EncodedString())\"),\n"
        }
        code += "    ]\n}\n"
        try Data(code.utf8).write(to: URL(fileURLWithPath: output))
    }

    struct Failure: Error {
        let reason: String
    }

    /// A module without the comments on lines of their own, which are a sixth of its size. Lines keep their numbers. No
    /// string of the page may have a line that begins with `//` or `/**`.
    private static func withoutComments(_ code: String) -> String {
        var isInside = false
        return code.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let text = line.drop { $0 == " " }
            if !isInside, text.hasPrefix("//") { return "" }
            isInside = isInside || text.hasPrefix("/**")
            guard isInside else { return String(line) }
            guard let end = text.range(of: "*/") else { return "" }
            isInside = false
            return String(text[end.upperBound...])
        }.joined(separator: "\n")
    }

    /// The first 16 hexadecimal digits of SHA-256.
    private static func digest(_ bytes: [UInt8]) -> String {
        var context = sha256_ctx()
        nettle_sha256_init(&context)
        nettle_sha256_update(&context, bytes.count, bytes)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        nettle_sha256_digest(&context, digest.count, &digest)
        return digest.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// One gzip member at zlib's best compression (deflateInit2() with 16 added to the window's bits).
    private static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw Failure(reason: "zlib cannot begin") }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
        let code = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return deflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END else { throw Failure(reason: "zlib ended with \(code)") }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
