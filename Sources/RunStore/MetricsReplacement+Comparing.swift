internal import JSON
package import RunMetadata

extension MetricsReplacement {
    /// What becomes of the metrics that are there.
    package enum Effect {
        /// The frame takes their place; they are kept, as `metrics.1.ndjson`, where the frame does not begin with them.
        case replaced(keepingEarlier: Bool)
        /// They stay, and these rows are appended.
        case appended(MetricsRows)
    }

    /// What the frame does.
    /// - Parameter there: the rows that are there, as `compared` tells; nil: none
    /// - Throws: `frameConflict`
    package func effect(on there: (rowCount: Int, isBeginning: Bool)?) throws(StoreError) -> Effect {
        switch condition {
        case .always: break
        case .unlessShorter:
            if let there, there.rowCount > rowCount {
                throw .frameConflict(
                    "the frame has \(rowCount) rows, and the run more than those; it has no key by which its rows could be merged"
                )
            }
        case .continuing(let rows):
            guard let there, !there.isBeginning else { break }
            if let rows { return .appended(rows) }
            throw .frameConflict(
                "several rows have the same step or epoch and other values, so that they are a whole frame, which does not "
                    + "begin with the rows that are there")
        }
        return .replaced(keepingEarlier: there.map { !$0.isBeginning } ?? false)
    }

    /// Compares the frame with the metrics that are there.
    /// - Parameters:
    ///   - text: the rows that are there, one JSON object a line, or else the frame
    ///   - isRows: which of them it is
    /// - Returns: how many rows are there, and whether the frame begins with them; none where a text is no frame
    package func compared(with text: UnsafeRawBufferPointer, isRows: Bool) -> (rowCount: Int, isBeginning: Bool) {
        let (parser, other) = (JSONParser(), JSONParser())
        return withExtendedLifetime((parser, other)) {
            self.text.withUnsafeBytes { sentText in
                guard let sentTokens = try? parser.parse(sentText, nonFinite: .allowed),
                    let sent = MetricsFrame(columnsAt: 0, of: sentTokens, in: sentText)
                else { return (0, false) }
                if isRows {
                    let there = MetricsFrame(rows: text)
                    return (there.filledRowCount, sent.begins(with: there))
                }
                guard let tokens = try? other.parse(text, nonFinite: .allowed),
                    let there = MetricsFrame(columnsAt: 0, of: tokens, in: text)
                else { return (0, false) }
                return (there.filledRowCount, sent.begins(with: there))
            }
        }
    }
}
