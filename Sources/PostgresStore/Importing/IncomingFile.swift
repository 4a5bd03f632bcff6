internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata

/// Writes the pieces of contents, one content after the other, in an open transaction, a few pieces at a time.
final class IncomingPieces {
    private let run: String
    private let connection: Connection
    private var waiting: [Piece] = []
    private var waitingBytes = 0
    private var nextContent = 0
    private var endOfContents = 0

    /// The most that is held back before it is written: bytes and pieces.
    private static let most = (bytes: 4 << 20, pieces: 1000)

    init(of run: String, on connection: Connection) { (self.run, self.connection) = (run, connection) }

    /// A new content id (`Schema.contentsOfBatch`).
    func freshContent() throws(DatabaseError) -> Int {
        if nextContent == endOfContents {
            nextContent = try connection.run(Statement("SELECT nextval('contents')")).int(0, 0)
            endOfContents = nextContent + Schema.contentsOfBatch
        }
        nextContent += 1
        return nextContent - 1
    }

    /// Adds bytes to a content at a position.
    func add(_ bytes: [UInt8], to content: Int, at position: Int) throws(DatabaseError) {
        for start in stride(from: 0, to: bytes.count, by: Schema.pieceSize) {
            let part = Array(bytes[start..<min(start + Schema.pieceSize, bytes.count)])
            waiting.append(Piece(run: run, content: content, position: position + start, bytes: part))
            waitingBytes += part.count
            if waitingBytes >= Self.most.bytes || waiting.count >= Self.most.pieces { try flush() }
        }
    }

    func flush() throws(DatabaseError) {
        if waiting.isEmpty { return }
        _ = try connection.run(Batch.insert(waiting))
        (waiting, waitingBytes) = ([], 0)
    }

    /// Reads a content that was added.
    func read(_ file: KnownFile) throws(DatabaseError) -> [UInt8] {
        try flush()
        let rows = try connection.run(
            Statement(
                "SELECT bytes FROM pieces WHERE run = $1 AND content = $2 ORDER BY position", .text(run),
                .int(file.content)))
        return (0..<rows.count).flatMap { rows.bytes($0, 0) ?? [] }
    }

    /// Removes a content that was added.
    func drop(_ file: KnownFile) throws(DatabaseError) {
        try flush()
        _ = try connection.run(
            Statement("DELETE FROM pieces WHERE run = $1 AND content = $2", .text(run), .int(file.content)))
    }
}

/// A file that arrives part by part. It becomes pieces of a content; from a certain size on, a local file.
final class IncomingFile {
    private let large: Int?
    private let most: Limit?
    private let pieces: IncomingPieces
    private let stage: () throws -> StagingFile
    private var buffer: [UInt8] = []
    private var content: Int?
    private(set) var size = 0
    /// The local file that holds all of it, if it is large.
    private(set) var staged: StagingFile?

    /// - Parameters:
    ///   - large: the least size of a large file, bytes; nil: no file is large
    ///   - most: the most bytes of the file; nil: no limit
    ///   - stage: creates the local file for a large one
    init(largeFrom large: Int?, most: Limit?, _ pieces: IncomingPieces, stage: @escaping () throws -> StagingFile) {
        (self.large, self.most, self.pieces, self.stage) = (large, most, pieces, stage)
    }

    /// - Throws: `LimitExceeded` if the file has too many bytes
    func take(_ part: UnsafeRawBufferPointer) throws {
        size += part.count
        if let most, size > most.most { throw LimitExceeded(most) }
        if let staged { return try staged.write(part) }
        buffer += part
        if let large {
            guard size >= large else { return }
            let file = try stage()
            try buffer.withUnsafeBytes { bytes throws in try file.write(bytes) }
            (staged, buffer) = (file, [])
        } else if buffer.count >= Schema.pieceSize {
            try put(buffer.count - buffer.count % Schema.pieceSize)
        }
    }

    /// Ends a file that is not large.
    /// - Returns: its content
    func end() throws -> Int {
        try put(buffer.count)
        return try content ?? pieces.freshContent()
    }

    private func put(_ count: Int) throws {
        let content = try self.content ?? pieces.freshContent()
        self.content = content
        try pieces.add(Array(buffer[..<count]), to: content, at: size - buffer.count)
        buffer.removeFirst(count)
    }
}

/// The columns of rows that arrive part by part.
struct IncomingColumns {
    private(set) var columns = RowColumns()
    private let parser: JSONParser
    /// The beginning of a row that has not fully arrived.
    private var rest: [UInt8] = []

    init(_ parser: JSONParser) { self.parser = parser }

    /// Whether the last row is complete.
    var isWhole: Bool { rest.isEmpty }

    mutating func take(_ part: UnsafeRawBufferPointer) {
        rest += part
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return }
        columns.add(RowColumns.names(of: Array(rest[...end]), parser))
        rest.removeSubrange(...end)
    }
}
