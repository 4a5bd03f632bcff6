package import Limits
package import RunMetadata

/// The rows of a run's metrics as they came, one JSON object a line: a text to which others append meanwhile. For
/// stores that keep them so.
package protocol MetricsText: AnyObject, Sendable {
    /// Names the text: as long as it is the same, the text has only grown.
    var identity: UInt64 { get }
    /// Bytes that are there by now.
    var size: Int { get }
    /// Which text is there by now.
    var version: BlobVersion { get throws(StoreError) }

    /// Reads a part of the text into a buffer.
    /// - Returns: how much there was
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int
}

/// Bytes of metrics that are held in memory at once.
package let heldMetrics = Limit(.bytes, most: 1 << 30)

extension MetricsText {
    /// Reads a part of the text; less where it was cut short.
    /// - Throws: `tooLarge` where that is more than is held in memory
    package func read(_ range: Range<Int>) throws(StoreError) -> [UInt8] {
        if range.count > heldMetrics.most {
            throw .tooLarge("the part of the metrics that is asked for is \(LimitExceeded(heldMetrics))")
        }
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(StoreError) {
                count = try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension MetricsFrame {
    /// The rows of a frame's text; nil where it is no data frame.
    /// - Throws: `tooLarge` where they are more than is held in memory
    package static func rows(ofFrame text: UnsafeRawBufferPointer) throws(StoreError) -> [UInt8]? {
        // A short text with long names would take all memory.
        let limit = limitOfRows(ofText: text.count)
        let rows = withColumns(of: text) { frame in
            Result { () throws(LimitExceeded) in try frame.rows(atMost: limit) }
        }
        do throws(LimitExceeded) { return try rows?.get() } catch {
            throw .tooLarge("the metrics as rows, each of which has all names, are \(error)")
        }
    }
}
