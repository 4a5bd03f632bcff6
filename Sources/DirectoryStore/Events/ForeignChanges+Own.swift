internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The server's own writes, which are not reported here.
extension ForeignChanges {
    /// The server has appended rows to a run.
    func noteOwnRows(_ folder: String) {
        guard isActive.isSet else { return }
        state.withLock { state in
            if state.seeing > 0 { state.written.insert(folder) }
            if state.runs[folder]?.hasOwnRows == false { state.runs[folder]?.hasOwnRows = true }
        }
    }

    /// The server has changed a run: its present state is not reported. Called while nothing else is being written.
    func noteOwn(_ folder: String, _ records: [RedoRecord]) {
        guard isActive.isSet, RunID(folder) != nil else { return }
        let isFollowed = state.withLock { state in
            if state.seeing > 0 { state.written.insert(folder) }
            return state.followed?.contains(folder) ?? true
        }
        guard isFollowed else { return }
        var (files, properties) = (Set<String>(), Set<String>())
        var hasMoved = false
        for record in records where record.folder == folder {
            switch record.step {
            case .create, .move, .restore, .delete: hasMoved = true
            default:
                guard let path = record.path.flatMap(DataPath.init) else { continue }
                if let property = path.property {
                    properties.insert(property.description)
                } else if let first = path.components.first {
                    files.insert(first)
                }
            }
        }
        if hasMoved {
            let now = look(at: folder)
            return state.withLock { $0.runs[folder] = now }
        }
        // A run that has not been seen yet will be read without a report.
        guard let place = state.withLock({ $0.runs[folder]?.place }),
            let now = SeenFiles(paths.run(folder, place), only: files, properties: properties)
        else { return }
        state.withLock { $0.runs[folder]?.files.take(files: files, properties: properties, from: now) }
    }
}
