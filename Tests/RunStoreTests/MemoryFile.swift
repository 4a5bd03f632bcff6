import JSON
import LocalFiles
import RunMetadata
import RunStore
import Synchronization

/// A file of a run in memory, as it was at one moment.
final class MemoryFile: Blob, MetricsText, DraftFile {
    private static let made = Atomic<UInt64>(0)

    let bytes: [UInt8]
    /// The number of the file to which this one has only added.
    let identity: UInt64
    let version: BlobVersion
    let modified = wallClock()

    /// - Parameters:
    ///   - earlier: a file with whose bytes these begin
    ///   - source: one of whose bytes alone these are made
    init(_ bytes: [UInt8], continuing earlier: MemoryFile? = nil, madeOf source: MemoryFile? = nil) {
        self.bytes = bytes
        let number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
        identity = (earlier ?? source)?.identity ?? number
        version = BlobVersion(source.map { "\($0.version.text)-made" } ?? String(number, radix: 16))
    }

    var size: Int { bytes.count }

    func continues(_ earlier: MemoryFile) -> Bool { identity == earlier.identity }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        let part = bytes.dropFirst(offset).prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }

    /// A table of the rows that it holds.
    func table() -> MetricsTable {
        let table = MetricsTable()
        bytes.withUnsafeBytes { _ = table.append($0) }
        return table
    }

    /// The object of JSON that it holds; nil where it holds none.
    var object: JSONObject? { try? JSONValue.parse(bytes, nonFinite: .allowed).object }

    /// Lends the frame that the file holds; nil where it holds none.
    func withFrame<Result>(isRows: Bool, _ body: (MetricsFrame) -> Result) -> Result? {
        bytes.withUnsafeBytes { isRows ? body(MetricsFrame(rows: $0)) : MetricsFrame.withColumns(of: $0, body) }
    }
}
