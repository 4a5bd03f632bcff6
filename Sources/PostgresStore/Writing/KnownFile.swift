internal import RunMetadata
internal import RunStore

/// A file as a batch knows it.
struct KnownFile: DraftFile, Sendable, Equatable {
    /// The id of its content; 0 in a snapshot without a file.
    var content: Int
    var size: Int
    /// The time of its last write, seconds since 1970.
    var modified: Double
    /// The bytes, if they are known.
    var bytes: [UInt8]?
    /// The object outside of the database that has the bytes; nil: pieces have them.
    var object: String?

    /// Two files with the same version have the same bytes, since contents only grow.
    var version: BlobVersion { Self.version(content, size) }

    func continues(_ earlier: KnownFile) -> Bool { content == earlier.content }

    static func version(_ content: Int, _ size: Int) -> BlobVersion {
        BlobVersion("\(String(content, radix: 16))-\(String(size, radix: 16))")
    }

    /// The largest file that is read together with its name, bytes.
    static let small = 8192
}

/// Some bytes of a content.
struct Piece: Sendable {
    let run: String
    let content: Int
    let position: Int
    var bytes: [UInt8]
}

/// Bytes that the database copies from one run's content to another's.
struct PieceCopy: Sendable {
    let run: String
    let source: String
    let sourceContent: Int
    let content: Int
    let position: Int
}
