internal import Glibc
internal import RunMetadata
internal import RunStore

/// The lengths that files will have after the writes planned in this batch, so that a following append need not wait
/// for them.
struct PlannedEnds {
    private var ends: [TouchedFiles.File: Int] = [:]

    mutating func beginBatch() { ends.removeAll(keepingCapacity: true) }

    /// Notes the steps of a write that is in the batch.
    mutating func add(_ records: [RedoRecord]) {
        for record in records {
            if let (path, end) = record.pathAndEnd { ends[TouchedFiles.File(folder: record.folder, path: path)] = end }
        }
    }

    /// The planned end; nil if nothing was planned for the file.
    func end(of path: DataPath, in folder: String) -> Int? {
        ends[TouchedFiles.File(folder: folder, path: path.description)]
    }
}

extension Committer {
    /// The length of a file after everything before this write is applied.
    func end(of path: DataPath, _ folder: RunFolder, _ plan: WritePlan) throws(StoreError) -> Int {
        for record in plan.records.reversed() {
            if let planned = record.pathAndEnd, planned.path == path.description { return planned.end }
        }
        if let planned = plannedEnds.end(of: path, in: folder.name) { return planned }
        return Int(try directory(of: folder)?.status(RunPath(path))?.st_size ?? 0)
    }
}

extension RedoRecord {
    /// The file that the step writes or removes, and its length afterwards. (A publication is alone in its batch.)
    fileprivate var pathAndEnd: (path: String, end: Int)? {
        switch step {
        case .put(let path, let bytes): (path, bytes.count)
        case .append(let path, let offset, let bytes): (path, offset + bytes.count)
        case .remove(let path): (path, 0)
        default: nil
        }
    }
}
