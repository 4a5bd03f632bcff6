internal import CNettle

/// The page's files, inside the binary: HTML, CSS and ES modules of `page/`, and the files of Debian's packages that
/// they load; and the clients of `clients/`.
package enum WebPage {
    /// A file, compressed when the server was built.
    package struct File: Sendable {
        package let mediaType: String
        /// The uncompressed size, bytes.
        package let length: Int
        /// The file as one gzip member.
        package let gzip: [UInt8]
    }

    /// The version of all files together. It changes with any file, so that URLs with it can be cached for ever.
    package static let version = packedVersion

    /// A file by its path in `page/`, such as `runs/table.js`; those of Debian's packages are in `lib/`, clients in
    /// `clients/`.
    package static func file(_ name: String) -> File? { files[name] }

    /// The names of all files.
    package static var names: [String] { files.keys.sorted() }

    private static let files = Dictionary(
        uniqueKeysWithValues: packed.map { name, length, text in
            (name, File(mediaType: mediaType(of: name), length: length, gzip: decoded(text)))
        })

    private static func mediaType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "py": "text/x-python; charset=utf-8"
        case "sh": "text/x-shellscript; charset=utf-8"
        case "R": "text/x-r-source; charset=utf-8"
        default: "text/plain; charset=utf-8"
        }
    }

    /// Reads base64 (RFC 4648 section 4).
    private static func decoded(_ text: StaticString) -> [UInt8] {
        var context = base64_decode_ctx()
        nettle_base64_decode_init(&context)
        var length = text.utf8CodeUnitCount / 4 * 3 + 3
        var bytes = [UInt8](repeating: 0, count: length)
        let isRead = text.withUTF8Buffer { text in
            text.withMemoryRebound(to: CChar.self) { text in
                nettle_base64_decode_update(&context, &length, &bytes, text.count, text.baseAddress)
            }
        }
        precondition(isRead == 1, "the page was packed wrongly")
        return Array(bytes.prefix(length))
    }
}
