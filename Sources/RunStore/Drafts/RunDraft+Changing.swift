internal import JSON
internal import LocalFiles
package import RunMetadata

extension RunDraft {
    /// Does a change.
    /// - Parameters:
    ///   - outcome: gets the version of the artifact that is written
    ///   - now: seconds since 1970
    package mutating func apply(
        _ change: DataChange, _ outcome: inout WriteOutcome, now: Double
    ) throws(StoreError) {
        switch change {
        case .put(let path, let bytes):
            try checkPlace(of: ArtifactPath(path))
            try put(bytes, at: path)
        case .remove(let path): try put(nil, at: path)
        case .rows(let rows): try add(rows)
        case .frame(let frame): try replaceMetrics(by: frame)
        case .append(let path, let head, let bytes):
            try checkPlace(of: ArtifactPath(path))
            try append(bytes, to: path, head: head)
        case .publish(let staged, let path, let base):
            if let base, file(path)?.version != base { throw .changedMeanwhile(path) }
            try publish(staged.path, at: ArtifactPath(path))
        case .publishFolder(let staged, let folder, let base):
            // The new folder has taken over the contents of the version that it was made from.
            if version(of: folder) != base { throw .changedMeanwhile(folder) }
            for (path, file) in try staged.files() {
                if let place = DataPath("\(folder)/\(path)") { try publish(file, at: ArtifactPath(place)) }
            }
        case .artifact(let staged, let path, let condition):
            try lookUp(path, toWrite: false)
            outcome.replaced = files[path] != nil
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            try publish(staged.path, at: path)
            outcome.version = files[path]?.version
        case .removeArtifact(let path, let condition):
            if !isThere { throw .unknownRun }
            try lookUp(path, toWrite: false)
            if !condition(files[path]?.version) { throw .conditionFailed(path) }
            if files[path] == nil { throw .noFile(path) }
            try put(nil, at: path)
        case .script(let script, let files):
            if let there = try text(.script), ScriptName.isFound(there, among: files) { return }
            try put(script, .script)
        case .end(let completed): try end(completed: completed, at: PropertyText.seconds(now))
        }
    }

    private mutating func publish(_ place: String, at path: ArtifactPath) throws(StoreError) {
        try checkPlace(of: path)
        try put(fileAt: place, at: path)
    }

    /// Writes a file of metadata whole; nil: removes it. Of the frame and the rows, the one that is written last
    /// counts.
    package mutating func put(_ bytes: [UInt8]?, at path: DataPath) throws(StoreError) {
        if path == .metricsFrame, bytes != nil, file(.metricsRows) != nil {
            try put(nil, at: ArtifactPath(.metricsRows))
        }
        try put(bytes, at: ArtifactPath(path))
    }

    package mutating func put(_ text: String, _ property: PropertyName) throws(StoreError) {
        try put(PropertyText.file(text), at: .property(property))
    }

    /// Refuses a path at which there is a folder, or a part of which is a file.
    package mutating func checkPlace(of path: ArtifactPath) throws(StoreError) {
        if files[path] != nil { return }
        try lookUp(path, toWrite: true)
        for folder in sequence(first: path, next: \.parent).dropFirst() where files[folder] != nil {
            throw .pathTaken("\"\(folder)\" is a file, not a folder")
        }
        // Properties are in one folder, and their names have no slash.
        if path.dataPath?.property != nil, files[ArtifactPath(DataPath(DataPath.properties)!)] == nil { return }
        if files.keys.contains(where: { $0.isBelow(path) }) { throw .pathTaken("\"\(path)\" is a folder, not a file") }
    }

    // MARK: Documents

    /// Merges a patch into a document.
    /// - Returns: the document
    package mutating func merge(
        _ patch: JSONObjectPatch, into document: PatchedDocument, _ rules: RunRules
    ) throws(StoreError) -> [UInt8] {
        var outcome = WriteOutcome(effect: .written, run: nil)
        switch document {
        case .file(let path):
            var object = JSONObject()
            if let bytes = try exact(path) {
                guard let there = try? JSONValue.parse(bytes, nonFinite: .allowed).object else {
                    throw .unreadable("\(path) is no JSON object")
                }
                object = there
            }
            let list = try patch.merged(into: object, named: path.description, rules)
            for change in DataChange.put(path, list) { try apply(change, &outcome, now: 0) }
            return list.exact
        case .properties:
            for change in patch.propertyChanges { try apply(change, &outcome, now: 0) }
            return JSONWriter.pretty(.object(JSONObject(try properties().map { ($0.name, .string($0.text)) })))
        }
    }

    /// Removes metadata.
    /// - Throws: `nothingThere`
    package mutating func remove(_ removed: RemovedMetadata) throws(StoreError) {
        let paths =
            switch removed {
            case .files(let paths): paths.map { ArtifactPath($0) }
            case .folder(let path): self.paths(below: path)
            case .properties:
                propertyNames.filter { !RemovedMetadata.lasting.contains($0.description) }.map {
                    ArtifactPath(DataPath.property($0))
                }
            }
        if !paths.contains(where: { files[$0] != nil }) { throw .nothingThere }
        for path in paths where files[path] != nil { try put(nil, at: path) }
    }

    // MARK: The end

    package mutating func end(completed: Bool, at time: String) throws(StoreError) {
        if try hasEnded { return }
        try put(time, .end)
        try put(completed ? "TRUE" : "FALSE", .completed)
    }

    /// Ends a run as its own report says.
    /// - Returns: false if it had ended in this way before
    package mutating func complete(_ run: RunID, _ end: RunEnd, now: Double) throws(StoreError) -> Bool {
        let hadEnded = try hasEnded
        try end.check(run, hasFailed: file(.error) != nil, hasEnded: hadEnded) { path throws(StoreError) in
            try bytes(path)
        }
        if hadEnded { return false }
        try self.end(completed: end.isCompleted, at: end.end ?? PropertyText.seconds(now))
        var outcome = WriteOutcome(effect: .written, run: run)
        for change in end.evaluation { try apply(change, &outcome, now: now) }
        return true
    }

    /// Continues the run. Its error is kept among those of earlier attempts.
    package mutating func resume() throws(StoreError) {
        try put(nil, at: .property(.end))
        try put("FALSE", .completed)
        if file(.error) == nil { return }
        let free = (1...).lazy.map { DataPath.earlierError($0) }.first { [files] in files[ArtifactPath($0)] == nil }
        if let free { move(.error, to: free) }
    }

    /// Adds what is needed after a write.
    mutating func finish(since before: Self) throws(StoreError) {
        guard place == .initialised,
            before.place != .initialised || touched.contains(where: { $0.dataPath?.property != nil })
        else { return }
        // Placeholders, so that tfruns does not read one property as another.
        let names = propertyNames
        for name in Set(names.compactMap(\.readAs)).subtracting(names) { try put([], at: .property(name)) }
    }
}
