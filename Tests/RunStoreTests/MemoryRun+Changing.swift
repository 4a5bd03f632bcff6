import JSON
import LocalFiles
import RunMetadata
import RunStore

extension MemoryRun {
    mutating func apply(_ change: DataChange, _ outcome: inout WriteOutcome, now: Double) throws(StoreError) {
        switch change {
        case .put(let path, let bytes): self[path] = bytes
        case .remove(let path): self[path] = nil
        case .rows(let rows): try add(rows.bytes)
        case .frame(let frame):
            let (there, isRows) = (metricsFile, self[.metricsRows] != nil)
            let known = there?.bytes.withUnsafeBytes { frame.compared(with: $0, isRows: isRows) }
            switch try frame.effect(on: known) {
            case .appended(let rows): try add(rows.bytes)
            case .replaced(let keepingEarlier):
                // What is no frame has no rows that could be kept.
                if keepingEarlier, let earlier = try? rows() { self[.earlierMetricsRows] = earlier.bytes }
                self[.metricsFrame] = frame.text
            }
        case .append(let path, let head, let bytes): append(bytes, to: path, head: head)
        case .publish(let file, let path, let base):
            if let base, files[ArtifactPath(path)]?.version != base { throw .changedMeanwhile(path) }
            self[path] = try file.contents()
        case .publishFolder(let staged, let folder, let base):
            // What was there when it was made has been taken over into it.
            if version(of: folder) != base { throw .changedMeanwhile(folder) }
            for (path, bytes) in try staged.contents() {
                if let place = DataPath("\(folder)/\(path)") { self[place] = bytes }
            }
        case .artifact(let file, let path, let condition):
            outcome.replaced = files[path] != nil
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            let published = MemoryFile(try file.contents())
            (files[path], outcome.version) = (published, published.version)
            noteArtifact()
        case .removeArtifact(let path, let condition):
            if files.isEmpty { throw .unknownRun }
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            if files.removeValue(forKey: path) == nil { throw .noFile(path) }
        case .script(let script, let files):
            if let there = self[.script], ScriptName.isFound(there, among: files) { return }
            self[.script] = script
        case .end(let completed): end(completed: completed, at: PropertyText.seconds(now))
        }
    }

    private mutating func add(_ rows: [UInt8]) throws(StoreError) {
        if self[.metricsRows] == nil, let earlier = try self.rows() { self[.metricsRows] = earlier.bytes }
        append(rows, to: .metricsRows)
        self[.metricsFrame] = nil
    }

    mutating func end(completed: Bool, at time: String) {
        if !hasEnded { (self[.end], self[.completed]) = (time, completed ? "TRUE" : "FALSE") }
    }

    /// Ends a run by its own account.
    /// - Returns: false where it has ended so before
    mutating func complete(_ run: RunID, _ end: RunEnd, now: Double) throws(StoreError) -> Bool {
        let hadEnded = hasEnded
        try end.check(run, hasFailed: self[.error] != nil, hasEnded: hadEnded) { self[$0] }
        if hadEnded { return false }
        self.end(completed: end.isCompleted, at: end.end ?? PropertyText.seconds(now))
        var outcome = WriteOutcome(effect: .written, run: run)
        for change in end.evaluation { try apply(change, &outcome, now: now) }
        return true
    }

    /// The run goes on. Its error is kept among those of earlier attempts.
    mutating func resume() {
        (self[.end], self[.completed]) = (nil, "FALSE")
        guard let error = self[.error] else { return }
        let free = (1...).lazy.map { DataPath.earlierError($0) }.first { [files] in files[ArtifactPath($0)] == nil }
        if let free { self[free] = error }
        self[.error] = nil
    }

    /// Merges a patch into a document.
    /// - Returns: the document
    mutating func merge(
        _ patch: JSONObjectPatch, into document: PatchedDocument, _ rules: RunRules
    ) throws(StoreError) -> [UInt8] {
        var outcome = WriteOutcome(effect: .written, run: nil)
        switch document {
        case .file(let path):
            guard let object = file(path).map(\.object) ?? JSONObject() else {
                throw .unreadable("\(path) is no JSON object")
            }
            let list = try patch.merged(into: object, named: path.description, rules)
            for change in DataChange.put(path, list) { try apply(change, &outcome, now: 0) }
            return list.exact
        case .properties:
            for change in patch.propertyChanges { try apply(change, &outcome, now: 0) }
            return JSONWriter.pretty(.object(JSONObject(properties.map { ($0.name, .string($0.text)) })))
        }
    }

    mutating func remove(_ removed: RemovedMetadata) throws(StoreError) {
        let paths =
            switch removed {
            case .files(let paths): paths
            case .folder(let path): metadata(below: path).map(\.path)
            case .properties:
                propertyNames.filter { !RemovedMetadata.lasting.contains($0.description) }.map(DataPath.property)
            }
        if !paths.contains(where: { self[$0] != nil }) { throw .nothingThere }
        for path in paths { self[path] = nil }
    }

    /// Takes what waited for the session's next run; where both have a file, the younger one.
    mutating func adopt(_ waiting: MemoryRun) throws(StoreError) {
        func isYounger(_ file: MemoryFile, than there: MemoryFile?) -> Bool { file.number > there?.number ?? 0 }
        for (path, file) in waiting.files where file !== waiting.metricsFile {
            let data = path.dataPath
            if data == .output {
                append(file.bytes, to: .output)
            } else if data?.isSent != true, isYounger(file, than: files[path]) {
                files[path] = file
                if let sent = data?.sent { self[sent] = waiting[sent] }
            }
        }
        if let rows = waiting[.metricsRows] { return try add(rows) }
        guard let frame = waiting.metricsFile, isYounger(frame, than: metricsFile) else { return }
        self[.metricsFrame] = frame.bytes
    }

    /// Sees to what has to be so once a write is done.
    /// - Throws: `pathTaken` where a file has the place of a folder
    mutating func finish() throws(StoreError) {
        for path in files.keys {
            for folder in sequence(first: path, next: \.parent).dropFirst() where files[folder] != nil {
                throw .pathTaken("\"\(folder)\" is a file and a folder")
            }
        }
        if place != .initialised { return }
        // tfruns takes no property for another one.
        for name in Set(propertyNames.compactMap(\.readAs)).subtracting(propertyNames) { self[.property(name)] = [] }
    }
}
