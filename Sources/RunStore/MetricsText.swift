package import Limits
package import RunMetadata

/// The rows of a run's metrics as they arrived, one JSON object a line: a text that grows meanwhile. For stores that
/// keep rows as text.
package protocol MetricsText: AnyObject, Sendable {
    /// Identifies the text: as long as it is the same, the text has only grown.
    var identity: UInt64 { get }
    /// The present number of bytes.
    var size: Int { get }
    /// The version of the present text.
    var version: BlobVersion { get throws(StoreError) }

    /// Reads a part of the text into a buffer.
    /// - Returns: the number of bytes read
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int
}

/// The most bytes of metrics in memory at once.
package let heldMetrics = Limit(.bytes, most: 1 << 30)

extension MetricsText {
    /// Reads a part of the text; less if it was cut short.
    /// - Throws: `tooLarge` if the part exceeds `heldMetrics`
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
    /// The rows of a frame's text; nil if it is not a data frame.
    /// - Throws: `tooLarge` if they exceed the limit
    package static func rows(ofFrame text: UnsafeRawBufferPointer) throws(StoreError) -> [UInt8]? {
        // Each row repeats all names, so a short text with long names could take all memory.
        let limit = limitOfRows(ofText: text.count)
        let rows = withColumns(of: text) { frame in
            Result { () throws(LimitExceeded) in try frame.rows(atMost: limit) }
        }
        do throws(LimitExceeded) { return try rows?.get() } catch {
            throw .tooLarge("the metrics as rows, each of which has all names, are \(error)")
        }
    }
}
