internal import RunMetadata
internal import RunStore

extension WorkingRun {
    /// Takes what waited for the session's next run; where both have a file, the younger one.
    mutating func adopt(_ waiting: WorkingRun, _ batch: Batch) throws(StoreError) {
        let metrics = [DataPath.metricsRows, .metricsFrame].map { ArtifactPath($0) }
        for (path, file) in waiting.files where !metrics.contains(path) {
            let data = path.dataPath
            try checkPlace(of: path, batch)
            if data == .output {
                try take(file, of: waiting, path, isAppended: true, batch)
            } else if data?.isSent != true, file.modified > files[path]?.modified ?? 0 {
                try take(file, of: waiting, path, batch)
                guard let sent = data?.sent.map({ ArtifactPath($0) }) else { continue }
                if let exact = waiting.files[sent] {
                    try take(exact, of: waiting, sent, batch)
                } else if files[sent] != nil {
                    put(nil, at: sent, of: batch)
                }
            }
        }
        if let rows = waiting.file(.metricsRows) {
            try add(MetricsRows(), batch)
            var columns = try batch.allColumns(of: self)
            columns.add(try batch.allColumns(of: waiting))
            try take(rows, of: waiting, ArtifactPath(.metricsRows), isAppended: true, batch)
            self.columns = columns
        } else if let frame = waiting.file(.metricsFrame), frame.modified > metricsModified {
            put(try waiting.bytes(of: frame, batch), at: .metricsFrame, of: batch)
        }
    }

    private var metricsModified: Double { (file(.metricsRows) ?? file(.metricsFrame))?.modified ?? 0 }

    /// Takes a file over: what the database has of it is copied there.
    private mutating func take(
        _ file: KnownFile, of waiting: WorkingRun, _ path: ArtifactPath, isAppended: Bool = false, _ batch: Batch
    ) throws(StoreError) {
        if file.object != nil {
            touched.insert(path)
            var taken = file
            taken.content = batch.freshContent()
            files[path] = taken
            return
        }
        let isCopied = file.bytes == nil && waiting.stored.values.contains { $0.content == file.content }
        let there = isAppended ? files[path] : nil
        if !isCopied {
            let bytes = try waiting.bytes(of: file, batch)
            if there != nil, let data = path.dataPath {
                append(bytes, to: data, of: batch)
            } else {
                put(bytes, at: path, of: batch)
            }
            return
        }
        touched.insert(path)
        var taken = there ?? KnownFile(content: batch.freshContent(), size: 0, modified: 0)
        batch.copies.append(
            PieceCopy(
                run: key, source: waiting.key, sourceContent: file.content, content: taken.content, position: taken.size
            ))
        for piece in batch.pieces where piece.content == file.content {
            batch.pieces.append(
                Piece(
                    run: key, content: taken.content, position: taken.size + piece.position, bytes: piece.bytes))
        }
        taken.size += file.size
        (taken.modified, taken.bytes) = (file.modified, nil)
        files[path] = taken
    }
}
