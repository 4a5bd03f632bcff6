internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A run, or what waits for a session's next one, as the writes of a batch leave it. A write changes a copy, which takes the place
/// of it unless something was refused.
struct WorkingRun: Sendable {
    /// The run's id, or `@` and a session's name.
    let key: String
    /// Whether the database has it.
    var isStored = false
    /// Whether it is there: stored, or made by the batch.
    var isThere = false
    var place = RunPlace.pending
    /// Changes whenever the run stops being active.
    var activation = 0
    /// When something was written last, seconds since 1970.
    var modified = 0.0
    /// Of all its files.
    var bytes = 0
    /// Who made it (`RunWrite.sender`).
    var sender: String?
    /// The columns of its rows, once they are known.
    var columns: RowColumns?
    /// Files by path in the run's directory. Of metadata all, if `hasAll`; else those that were asked for.
    var files: [ArtifactPath: KnownFile] = [:]
    /// The same, as the database has them.
    var stored: [ArtifactPath: KnownFile] = [:]
    var hasAll = false
    /// What the current write wrote or removed.
    var touched: Set<ArtifactPath> = []

    init(key: String) { self.key = key }

    var run: RunID? { RunID(key) }

    // MARK: Files

    func file(_ path: DataPath) -> KnownFile? { files[ArtifactPath(path)] }

    /// The current write writes or removes a file.
    mutating func touch(_ path: ArtifactPath) {
        touched.insert(path)
        // What waits is as old as its youngest file of any kind.
        if path.isMetadata || place == .pending { modified = max(modified, wallClock()) }
    }

    /// Writes a file whole; nil: removes it.
    mutating func put(_ bytes: [UInt8]?, at path: ArtifactPath, of batch: Batch) {
        touch(path)
        guard let bytes else {
            files[path] = nil
            return
        }
        let content = batch.freshContent()
        files[path] = KnownFile(content: content, size: bytes.count, modified: wallClock(), bytes: bytes)
        for start in stride(from: 0, to: bytes.count, by: Schema.pieceSize) {
            let end = min(start + Schema.pieceSize, bytes.count)
            batch.pieces.append(Piece(run: key, content: content, position: start, bytes: Array(bytes[start..<end])))
        }
    }

    mutating func put(_ bytes: [UInt8]?, at path: DataPath, of batch: Batch) {
        // Of the frame and the rows, what is written last counts.
        if path == .metricsFrame, bytes != nil, files[ArtifactPath(.metricsRows)] != nil {
            put(nil, at: ArtifactPath(.metricsRows), of: batch)
        }
        put(bytes, at: ArtifactPath(path), of: batch)
    }

    mutating func put(_ text: String, _ property: PropertyName, of batch: Batch) {
        put(PropertyText.file(text), at: .property(property), of: batch)
    }

    /// Gives a file another path.
    mutating func move(_ path: DataPath, to other: DataPath) {
        for path in [path, other] { touched.insert(ArtifactPath(path)) }
        files[ArtifactPath(other)] = files.removeValue(forKey: ArtifactPath(path))
    }

    /// Appends to a file, which is made behind a head if it is not there.
    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8] = [], of batch: Batch) {
        let place = ArtifactPath(path)
        guard var file = files[place] else { return put(head + bytes, at: place, of: batch) }
        touched.insert(place)
        modified = max(modified, wallClock())
        if bytes.isEmpty { return }
        batch.pieces.append(Piece(run: key, content: file.content, position: file.size, bytes: bytes))
        file.size += bytes.count
        file.modified = wallClock()
        file.bytes = nil
        files[place] = file
    }

    /// Counts the bytes of all files after a write, by what it touched.
    /// - Parameter before: the run before the write
    mutating func countBytes(since before: WorkingRun) {
        for path in touched { bytes += (files[path]?.size ?? 0) - (earlier(path, in: before)?.size ?? 0) }
    }

    /// What was at a path before the write; nil: nothing.
    /// - Parameter before: the run before the write, which may have been the first to look up what is there
    func earlier(_ path: ArtifactPath, in before: WorkingRun) -> KnownFile? {
        before.files[path] ?? (before.stored[path] == nil ? stored[path] : nil)
    }

    /// The bytes of a file; nil if there is none.
    func bytes(_ path: DataPath, of batch: Batch) throws(StoreError) -> [UInt8]? {
        guard let file = file(path) else { return nil }
        return try bytes(of: file, batch)
    }

    func bytes(of file: KnownFile, _ batch: Batch) throws(StoreError) -> [UInt8] {
        if let bytes = file.bytes { return bytes }
        if file.size > heldMetrics.most || file.object != nil {
            throw .tooLarge("a file of \(key) is larger than can be combined with what is sent")
        }
        var bytes = [UInt8](repeating: 0, count: file.size)
        func take(_ part: [UInt8], at position: Int) {
            let end = min(bytes.count, position + part.count)
            if position < end { bytes.replaceSubrange(position..<end, with: part[..<(end - position)]) }
        }
        for piece in try batch.storedPieces(of: key, file.content) { take(piece.bytes, at: piece.position) }
        for copy in batch.copies where copy.content == file.content {
            for piece in try batch.storedPieces(of: copy.source, copy.sourceContent) {
                take(piece.bytes, at: copy.position + piece.position)
            }
        }
        for piece in batch.pieces where piece.content == file.content { take(piece.bytes, at: piece.position) }
        return bytes
    }

    // MARK: Reading

    func text(_ property: PropertyName, of batch: Batch) throws(StoreError) -> String? {
        try bytes(.property(property), of: batch).map { PropertyText.read($0) }
    }

    var propertyNames: [PropertyName] { files.keys.compactMap { $0.dataPath?.property } }

    func hasEnded(_ batch: Batch) throws(StoreError) -> Bool {
        try text(.end, of: batch).map { !TypedProperty.isMissing($0) } ?? false
    }

    /// Files of metadata in a folder and below.
    func metadata(below folder: DataPath) -> [ArtifactPath] {
        let folder = ArtifactPath(folder)
        return files.keys.filter { $0.isBelow(folder) }
    }

    /// Which content a folder of metadata has; nil if there is none.
    func version(of folder: DataPath) -> BlobVersion? {
        BlobVersion(
            folder: metadata(below: folder).compactMap { path in
                files[path].map { (path.description, $0.content, $0.size) }
            })
    }
}

extension BlobVersion {
    /// The version of a folder with these files; nil if there is none.
    init?(folder files: [(path: String, content: Int, size: Int)]) {
        if files.isEmpty { return nil }
        let sorted = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.init(sorted.map { KnownFile.version($0.content, $0.size).text }.joined(separator: "-"))
    }
}
