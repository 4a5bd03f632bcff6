package import RunMetadata

extension RunDraft {
    /// Appends rows. A frame becomes rows first.
    mutating func add(_ rows: MetricsRows) throws(StoreError) {
        let earlier = file(.metricsRows) == nil ? try rowsOfFrame() : nil
        if let earlier { try put(earlier, at: .metricsRows) }
        try note(rows, behind: earlier)
        try append(rows.bytes, to: .metricsRows, head: [])
        if file(.metricsFrame) != nil { try put(nil, at: .metricsFrame) }
    }

    private func rowsOfFrame() throws(StoreError) -> [UInt8]? {
        try bytes(.metricsFrame).map { frame throws(StoreError) in try MetricsFrame.storedRows(ofFrame: frame) }
    }

    mutating func replaceMetrics(by frame: MetricsReplacement) throws(StoreError) {
        let isRows = file(.metricsRows) != nil
        let path = isRows ? DataPath.metricsRows : .metricsFrame
        var known: (rowCount: Int, isBeginning: Bool)?
        if frame.condition.isAlways {
            // Nothing is compared or read: the present metrics are kept.
            known = file(path) == nil ? nil : (0, false)
        } else {
            known = try bytes(path).map { there in
                there.withUnsafeBytes { frame.compared(with: $0, isRows: isRows) }
            }
        }
        switch try frame.effect(on: known) {
        case .appended(let rows): try add(rows)
        case .replaced(let keepingEarlier):
            if keepingEarlier, isRows {
                move(.metricsRows, to: .earlierMetricsRows)
            } else if keepingEarlier, let earlier = try? rowsOfFrame() {
                // If it is not a frame, it has no rows that could be kept.
                try put(earlier, at: .earlierMetricsRows)
            }
            try put(frame.text, at: .metricsFrame)
        }
    }

    /// Takes over what waited for the session's next run. If both have a file, the younger one is kept.
    mutating func adopt(_ waiting: Self) throws(StoreError) {
        let (rows, frame) = (ArtifactPath(.metricsRows), ArtifactPath(.metricsFrame))
        for (path, file) in waiting.files where path != rows && path != frame {
            let data = path.dataPath
            try checkPlace(of: path)
            if data == .output {
                try take(path, of: waiting, isAppended: true)
            } else if data?.isSent != true, isYounger(file, than: path) {
                try take(path, of: waiting, isAppended: false)
                guard let sent = data?.sent.map({ ArtifactPath($0) }) else { continue }
                if waiting.files[sent] != nil {
                    try take(sent, of: waiting, isAppended: false)
                } else if files[sent] != nil {
                    try put(nil, at: sent)
                }
            }
        }
        if waiting.files[rows] != nil {
            try add(MetricsRows())
            try take(rows, of: waiting, isAppended: true)
        } else if let file = waiting.files[frame], isYounger(file, than: files[rows] == nil ? frame : rows) {
            try put(try waiting.bytes(.metricsFrame), at: .metricsFrame)
        }
    }

    private func isYounger(_ file: File, than path: ArtifactPath) -> Bool {
        file.modified > files[path]?.modified ?? 0
    }
}

extension MetricsFrame {
    /// The rows of a frame that a store keeps.
    /// - Throws: `unreadable` if it is not a frame
    package static func storedRows(ofFrame frame: [UInt8]) throws(StoreError) -> [UInt8] {
        let found = frame.withUnsafeBytes { text in
            Result { () throws(StoreError) in try Self.rows(ofFrame: text) }
        }
        guard let rows = try found.get() else { throw .unreadable("metrics.json is not a data frame") }
        return rows
    }
}
