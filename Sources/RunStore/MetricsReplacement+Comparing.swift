package import RunMetadata

extension MetricsReplacement {
    /// What happens to the present metrics.
    package enum Effect {
        /// The frame replaces them. If it does not begin with them, they are kept as `metrics.1.ndjson`.
        case replaced(keepingEarlier: Bool)
        /// They stay, and these rows are appended.
        case appended(MetricsRows)
    }

    /// What the frame does.
    /// - Parameter there: the present rows, as `compared` returns them; nil: none
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
                "several rows have the same step or epoch but different values, so they can only be a whole frame, and it "
                    + "does not begin with the run's present rows")
        }
        return .replaced(keepingEarlier: there.map { !$0.isBeginning } ?? false)
    }

    /// Compares the frame with the present metrics.
    /// - Parameters:
    ///   - text: the present rows, one JSON object a line, or the present frame
    ///   - isRows: whether they are rows
    /// - Returns: the number of present rows, and whether the frame begins with them; 0 and false if a text is not a
    ///   frame
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
