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
        let known = self.text.withUnsafeBytes { sent in
            MetricsFrame.withColumns(of: sent) { sent -> (Int, Bool)? in
                func compare(_ there: MetricsFrame) -> (Int, Bool) {
                    (there.filledRowCount, sent.begins(with: there))
                }
                if isRows { return compare(MetricsFrame(rows: text)) }
                return MetricsFrame.withColumns(of: text, compare)
            }
        }
        return (known ?? nil) ?? (0, false)
    }
}
