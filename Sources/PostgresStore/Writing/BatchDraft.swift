internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A run while a write of a batch changes it. The bytes that it writes become pieces of the batch.
struct BatchDraft: RunDraft {
    var run: WorkingRun
    let batch: Batch

    init(_ run: WorkingRun, of batch: Batch) { (self.run, self.batch) = (run, batch) }

    var place: RunPlace {
        get { run.place }
        set { run.place = newValue }
    }
    var isThere: Bool { run.isThere }
    var files: [ArtifactPath: KnownFile] { run.files }
    var touched: Set<ArtifactPath> { run.touched }
    var modified: Double { run.modified }

    // MARK: Reading

    func bytes(_ path: DataPath) throws(StoreError) -> [UInt8]? {
        try file(path).map { file throws(StoreError) in try bytes(of: file) }
    }

    func bytes(of file: KnownFile) throws(StoreError) -> [UInt8] {
        if let bytes = file.bytes { return bytes }
        if file.size > heldMetrics.most || file.object != nil {
            throw .tooLarge("a file of \(run.key) is larger than can be combined with what is sent")
        }
        var bytes = [UInt8](repeating: 0, count: file.size)
        func take(_ part: [UInt8], at position: Int) {
            let end = min(bytes.count, position + part.count)
            if position < end { bytes.replaceSubrange(position..<end, with: part[..<(end - position)]) }
        }
        for piece in try batch.storedPieces(of: run.key, file.content) { take(piece.bytes, at: piece.position) }
        for copy in batch.copies where copy.content == file.content {
            for piece in try batch.storedPieces(of: copy.source, copy.sourceContent) {
                take(piece.bytes, at: copy.position + piece.position)
            }
        }
        for piece in batch.pieces where piece.content == file.content { take(piece.bytes, at: piece.position) }
        return bytes
    }

    /// The most bytes of a path: an entry of a B-tree is at most a third of a page.
    static let longestPath = Limit(.bytes, most: 2000)

    mutating func lookUp(_ path: ArtifactPath, toWrite: Bool) throws(StoreError) {
        if toWrite, path.description.utf8.count > Self.longestPath.most {
            throw .refused(MetadataFault(.name, "the path is \(LimitExceeded(Self.longestPath)); choose a shorter one"))
        }
        if !path.isMetadata { try batch.loadArtifact(path, into: &run) }
    }

    // MARK: Writing

    mutating func put(_ bytes: [UInt8]?, at path: ArtifactPath) {
        run.touch(path)
        guard let bytes else {
            run.files[path] = nil
            return
        }
        let content = batch.freshContent()
        run.files[path] = KnownFile(content: content, size: bytes.count, modified: wallClock(), bytes: bytes)
        for start in stride(from: 0, to: bytes.count, by: Schema.pieceSize) {
            let end = min(start + Schema.pieceSize, bytes.count)
            batch.pieces.append(
                Piece(run: run.key, content: content, position: start, bytes: Array(bytes[start..<end])))
        }
    }

    /// The most bytes of a file if there is no object store.
    static let largestFile = Limit(.bytes, most: 16 << 20)
    /// The most bytes of all files of a folder that is published at once: they are in memory together.
    static let largestFolder = Limit(.bytes, most: 64 << 20)

    /// Writes the object that a staged file has become, or the file's bytes.
    mutating func put(fileAt place: String, at path: ArtifactPath) throws(StoreError) {
        if let (object, content) = try batch.object(ofFileAt: place) {
            run.touch(path)
            run.files[path] = KnownFile(
                content: content, size: object.size, modified: wallClock(), object: object.name)
            return
        }
        if UploadedObjects.size(of: place) > Self.largestFile.most {
            throw .refused(
                MetadataFault(
                    .exceeded,
                    "\"\(path.description.shown(atMost: 200))\" is \(LimitExceeded(Self.largestFile)), the most that is kept in the "
                        + "database; larger files need a server with --artifacts"))
        }
        put(try StagingFile.contents(of: place), at: path)
    }

    mutating func move(_ path: DataPath, to other: DataPath) {
        let (path, other) = (ArtifactPath(path), ArtifactPath(other))
        run.touched.formUnion([path, other])
        run.files[other] = run.files.removeValue(forKey: path)
    }

    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8]) throws(StoreError) {
        let place = ArtifactPath(path)
        guard var file = run.files[place] else { return put(head + bytes, at: place) }
        if file.object != nil { throw .unreadable("\(path) is large, and nothing can be appended to it") }
        run.touch(place)
        if bytes.isEmpty { return }
        batch.pieces.append(Piece(run: run.key, content: file.content, position: file.size, bytes: bytes))
        file.size += bytes.count
        file.modified = wallClock()
        file.bytes = nil
        run.files[place] = file
    }

    mutating func note(_ rows: MetricsRows, behind first: [UInt8]?) throws(StoreError) {
        if let first { run.columns = RowColumns(ofRows: first, batch.parser) }
        run.columns = try run.columns(with: rows, batch)
    }

    // MARK: What waited

    mutating func take(_ path: ArtifactPath, of waiting: BatchDraft, isAppended: Bool) throws(StoreError) {
        guard let file = waiting.run.files[path] else { return }
        if path == ArtifactPath(.metricsRows) {
            var columns = try batch.allColumns(of: run)
            columns.add(try batch.allColumns(of: waiting.run))
            run.columns = columns
        }
        if file.object != nil {
            run.touched.insert(path)
            var taken = file
            taken.content = batch.freshContent()
            run.files[path] = taken
            return
        }
        let there = isAppended ? run.files[path] : nil
        if file.bytes == nil, waiting.run.stored.values.contains(where: { $0.content == file.content }) {
            return copy(file, of: waiting, path, behind: there)
        }
        let bytes = try waiting.bytes(of: file)
        if there != nil, let data = path.dataPath {
            try append(bytes, to: data, head: [])
        } else {
            put(bytes, at: path)
        }
    }

    /// Lets the database copy a file to another path.
    private mutating func copy(
        _ file: KnownFile, of waiting: BatchDraft, _ path: ArtifactPath, behind there: KnownFile?
    ) {
        run.touched.insert(path)
        var taken = there ?? KnownFile(content: batch.freshContent(), size: 0, modified: 0)
        batch.copies.append(
            PieceCopy(
                run: run.key, source: waiting.run.key, sourceContent: file.content, content: taken.content,
                position: taken.size))
        for piece in batch.pieces where piece.content == file.content {
            batch.pieces.append(
                Piece(
                    run: run.key, content: taken.content, position: taken.size + piece.position, bytes: piece.bytes))
        }
        taken.size += file.size
        (taken.modified, taken.bytes) = (file.modified, nil)
        run.files[path] = taken
    }
}
