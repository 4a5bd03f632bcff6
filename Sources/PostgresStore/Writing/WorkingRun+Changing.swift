internal import Glibc
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension WorkingRun {
    mutating func apply(_ change: DataChange, _ outcome: inout WriteOutcome, _ batch: Batch) throws(StoreError) {
        switch change {
        case .put(let path, let bytes):
            try checkPlace(of: ArtifactPath(path), batch)
            put(bytes, at: path, of: batch)
        case .remove(let path): put(nil, at: path, of: batch)
        case .rows(let rows): try add(rows, batch)
        case .frame(let frame): try replaceMetrics(by: frame, batch)
        case .append(let path, let head, let bytes):
            try checkPlace(of: ArtifactPath(path), batch)
            if file(path)?.object != nil { throw .unreadable("\(path) is large, and nothing can be appended to it") }
            append(bytes, to: path, head: head, of: batch)
        case .publish(let staged, let path, let base):
            if let base, file(path)?.version != base { throw .changedMeanwhile(path) }
            try checkPlace(of: ArtifactPath(path), batch)
            try put(fileAt: staged.path, at: ArtifactPath(path), of: batch)
        case .publishFolder(let staged, let folder, let base):
            // What was there when it was made has been taken over into it.
            if version(of: folder) != base { throw .changedMeanwhile(folder) }
            let files = try staged.files()
            try Self.checkSize(of: folder, files.map(\.place), batch)
            for (path, file) in files {
                guard let place = DataPath("\(folder)/\(path)") else { continue }
                try checkPlace(of: ArtifactPath(place), batch)
                try put(fileAt: file, at: ArtifactPath(place), of: batch)
            }
        case .artifact(let staged, let path, let condition):
            try batch.loadArtifact(path, into: &self)
            outcome.replaced = files[path] != nil
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            try checkPlace(of: path, batch)
            try put(fileAt: staged.path, at: path, of: batch)
            outcome.version = files[path]?.version
        case .removeArtifact(let path, let condition):
            if !isThere { throw .unknownRun }
            try batch.loadArtifact(path, into: &self)
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            if files[path] == nil { throw .noFile(path) }
            put(nil, at: path, of: batch)
        case .script(let script, let files):
            if let there = try text(.script, of: batch), ScriptName.isFound(there, among: files) { return }
            put(script, .script, of: batch)
        case .end(let completed):
            try end(completed: completed, at: PropertyText.seconds(batch.now), batch)
        }
    }

    /// The most bytes of a file without a store of artifacts.
    static let largestFile = Limit(.bytes, most: 16 << 20)
    /// The same of all files of a folder that is published at once: they are in memory together.
    static let largestFolder = Limit(.bytes, most: 64 << 20)

    /// Refuses a folder of which more would go into the database than may at once.
    private static func checkSize(of folder: DataPath, _ places: [String], _ batch: Batch) throws(StoreError) {
        let held = places.filter { batch.uploads.byFile[$0] == nil }
        if held.reduce(0, { $0 + UploadedObjects.size(of: $1) }) <= largestFolder.most { return }
        throw .refused(
            MetadataFault(
                .exceeded,
                "the files of \(folder) are together \(LimitExceeded(largestFolder)), the most that is written into the database at once; "
                    + "larger folders need a server with --artifacts"))
    }

    /// Writes a file that was staged: the object that it has become, or its bytes.
    private mutating func put(fileAt place: String, at path: ArtifactPath, of batch: Batch) throws(StoreError) {
        if let (object, content) = try batch.object(ofFileAt: place) {
            touch(path)
            files[path] = KnownFile(content: content, size: object.size, modified: wallClock(), object: object.name)
            return
        }
        if UploadedObjects.size(of: place) > Self.largestFile.most {
            throw .refused(
                MetadataFault(
                    .exceeded,
                    "\"\(path.description.shown(atMost: 200))\" is \(LimitExceeded(Self.largestFile)), the most that is kept in the "
                        + "database; larger files need a server with --artifacts"))
        }
        put(try StagingFile.contents(of: place), at: path, of: batch)
    }

    /// The most bytes of a path: an entry of a B-tree is at most a third of a page.
    static let longestPath = Limit(.bytes, most: 2000)

    /// Refuses a path where a folder is, or below a file.
    mutating func checkPlace(of path: ArtifactPath, _ batch: Batch) throws(StoreError) {
        if files[path] != nil { return }
        if path.description.utf8.count > Self.longestPath.most {
            throw .refused(MetadataFault(.name, "the path is \(LimitExceeded(Self.longestPath)); choose a shorter one"))
        }
        if !path.isMetadata { try batch.loadArtifact(path, into: &self) }
        for folder in sequence(first: path, next: \.parent).dropFirst() where files[folder] != nil {
            throw .pathTaken("\"\(folder)\" is a file and no folder")
        }
        // Properties are in one folder, and their names have no slash.
        if path.dataPath?.property != nil, files[ArtifactPath(DataPath(DataPath.properties)!)] == nil { return }
        if files.keys.contains(where: { $0.isBelow(path) }) { throw .pathTaken("\"\(path)\" is a folder and no file") }
    }

    // MARK: Metrics

    /// Appends rows. A frame becomes rows first.
    mutating func add(_ rows: MetricsRows, _ batch: Batch) throws(StoreError) {
        if file(.metricsRows) == nil, let earlier = try rowsOfFrame(batch) {
            put(earlier, at: .metricsRows, of: batch)
            columns = RowColumns(ofRows: earlier, batch.parser)
        }
        let columns = try self.columns(with: rows, batch)
        append(rows.bytes, to: .metricsRows, of: batch)
        self.columns = columns
        if file(.metricsFrame) != nil { put(nil, at: .metricsFrame, of: batch) }
    }

    private func rowsOfFrame(_ batch: Batch) throws(StoreError) -> [UInt8]? {
        guard let frame = try bytes(.metricsFrame, of: batch) else { return nil }
        return try StoredMetrics.rows(ofFrame: frame)
    }

    private mutating func replaceMetrics(by frame: MetricsReplacement, _ batch: Batch) throws(StoreError) {
        let isRows = file(.metricsRows) != nil
        let path = isRows ? DataPath.metricsRows : .metricsFrame
        var known: (rowCount: Int, isBeginning: Bool)?
        if frame.condition.isAlways {
            // Nothing is compared, so nothing is read: what is there is kept.
            known = file(path) == nil ? nil : (0, false)
        } else {
            let there = try bytes(path, of: batch)
            known = there.map { there in there.withUnsafeBytes { frame.compared(with: $0, isRows: isRows) } }
        }
        switch try frame.effect(on: known) {
        case .appended(let rows): try add(rows, batch)
        case .replaced(let keepingEarlier):
            if keepingEarlier, isRows {
                move(.metricsRows, to: .earlierMetricsRows)
            } else if keepingEarlier, let earlier = try? rowsOfFrame(batch) {
                // What is no frame has no rows that could be kept.
                put(earlier, at: .earlierMetricsRows, of: batch)
            }
            put(frame.text, at: .metricsFrame, of: batch)
        }
    }

    // MARK: Ending

    mutating func end(completed: Bool, at time: String, _ batch: Batch) throws(StoreError) {
        if try hasEnded(batch) { return }
        put(time, .end, of: batch)
        put(completed ? "TRUE" : "FALSE", .completed, of: batch)
    }

    /// Ends a run by its own account.
    /// - Returns: false if it had ended so before
    mutating func complete(_ run: RunID, _ end: RunEnd, _ batch: Batch) throws(StoreError) -> Bool {
        let hadEnded = try hasEnded(batch)
        try end.check(run, hasFailed: file(.error) != nil, hasEnded: hadEnded) { path throws(StoreError) in
            try bytes(path, of: batch)
        }
        if hadEnded { return false }
        try self.end(completed: end.isCompleted, at: end.end ?? PropertyText.seconds(batch.now), batch)
        var outcome = WriteOutcome(effect: .written, run: run)
        for change in end.evaluation { try apply(change, &outcome, batch) }
        return true
    }

    /// The run goes on. Its error is kept among those of earlier attempts.
    mutating func resume(_ batch: Batch) {
        put(nil, at: .property(.end), of: batch)
        put("FALSE", .completed, of: batch)
        if file(.error) == nil { return }
        let free = (1...).lazy.map { DataPath.earlierError($0) }.first { [files] in files[ArtifactPath($0)] == nil }
        if let free { move(.error, to: free) }
    }

    // MARK: Documents

    /// Merges a patch into a document.
    /// - Returns: the document
    mutating func merge(
        _ patch: JSONObjectPatch, into document: PatchedDocument, _ batch: Batch
    ) throws(StoreError) -> [UInt8] {
        var outcome = WriteOutcome(effect: .written, run: nil)
        switch document {
        case .file(let path):
            var object = JSONObject()
            if let bytes = try exact(path, batch) {
                guard let there = try? JSONValue.parse(bytes, nonFinite: .allowed).object else {
                    throw .unreadable("\(path) is no JSON object")
                }
                object = there
            }
            let list = try patch.merged(into: object, named: path.description, batch.rules)
            for change in DataChange.put(path, list) { try apply(change, &outcome, batch) }
            return list.exact
        case .properties:
            for change in patch.propertyChanges { try apply(change, &outcome, batch) }
            var properties: [(String, JSONValue)] = []
            for name in propertyNames.sorted(by: { ExactText($0.description) < ExactText($1.description) }) {
                guard let file = file(.property(name)),
                    !ConsoleOutput.isTooLong(name.description, size: file.size)
                else { continue }
                let text = StoredProperty.text(name, try bytes(of: file, batch))
                if let text { properties.append((name.description, .string(text))) }
            }
            return JSONWriter.pretty(.object(JSONObject(properties)))
        }
    }

    /// A document as it was sent.
    private func exact(_ path: DataPath, _ batch: Batch) throws(StoreError) -> [UInt8]? {
        let bytes = try bytes(path, of: batch)
        guard let sent = try path.sent.flatMap({ path throws(StoreError) in try self.bytes(path, of: batch) }) else {
            return bytes
        }
        return NamedListFiles(sent: sent)?.file == bytes ? sent : bytes
    }

    mutating func remove(_ removed: RemovedMetadata, _ batch: Batch) throws(StoreError) {
        let paths =
            switch removed {
            case .files(let paths): paths.map { ArtifactPath($0) }
            case .folder(let path): metadata(below: path)
            case .properties:
                propertyNames.filter { !RemovedMetadata.lasting.contains($0.description) }.map {
                    ArtifactPath(DataPath.property($0))
                }
            }
        if !paths.contains(where: { files[$0] != nil }) { throw .nothingThere }
        for path in paths where files[path] != nil { put(nil, at: path, of: batch) }
    }

    /// Sees to what has to be so once a write is done.
    mutating func finish(_ batch: Batch) {
        guard place == .initialised, touched.contains(where: { $0.dataPath?.property != nil }) || !isStored else {
            return
        }
        // tfruns takes no property for another one.
        let names = propertyNames
        for name in Set(names.compactMap(\.readAs)).subtracting(names) { put([], at: .property(name), of: batch) }
    }
}
