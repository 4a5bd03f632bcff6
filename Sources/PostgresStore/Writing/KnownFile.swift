internal import RunMetadata
internal import RunStore

/// A file as a batch knows it.
struct KnownFile: DraftFile, Sendable, Equatable {
    /// Which content it has; 0 in a snapshot of nothing.
    var content: Int
    var size: Int
    /// When it was written last, seconds since 1970.
    var modified: Double
    /// The bytes, where they are known.
    var bytes: [UInt8]?
    /// The object that has the bytes, outside of the database; nil: pieces have them.
    var object: String?

    /// Two files with the same version have the same bytes: a content only grows.
    var version: BlobVersion { Self.version(content, size) }

    func continues(_ earlier: KnownFile) -> Bool { content == earlier.content }

    static func version(_ content: Int, _ size: Int) -> BlobVersion {
        BlobVersion("\(String(content, radix: 16))-\(String(size, radix: 16))")
    }

    /// The most bytes of a file that are read along with its name.
    static let small = 8192
}

/// Some bytes of a content.
struct Piece: Sendable {
    let run: String
    let content: Int
    let position: Int
    var bytes: [UInt8]
}

/// Bytes that go from one run's content to another's inside the database.
struct PieceCopy: Sendable {
    let run: String
    let source: String
    let sourceContent: Int
    let content: Int
    let position: Int
}
