internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

extension ForeignChanges {
    /// Reads what the changed files of a run mean for events.
    struct Reading: Sendable {
        /// Documents that another program is still writing.
        private var unfinished: Set<String> = []
        /// Whether the frame of metrics is authoritative, and whether there are rows beside it.
        private var isFrameTrue = false
        private var hasRows = false
        private var hasError = false
        private var end: RunChange.Kind?

        init(
            _ paths: RunPaths, _ metricsFiles: MetricsFiles, _ folder: String, _ place: RunPlace,
            _ changes: SeenFiles.Changes
        ) {
            guard !changes.isEmpty, let run = try? paths.open(folder, place) else { return }
            for name in changes.files {
                guard let path = DataPath(name), path.isDocument, Self.isBeingWritten(path, in: run) else { continue }
                unfinished.insert(name)
            }
            hasError = run.status(RunPath(.error)) != nil
            hasRows = run.status(RunPath(.metricsRows)) != nil
            if changes.files.contains(DataPath.metricsFrame.description) {
                isFrameTrue = metricsFiles.holder(of: folder, in: run) == .frame
            }
            let ending = [PropertyName.end, .completed].map(\.description)
            if changes.properties.contains(where: ending.contains) { end = Self.end(of: run) }
        }

        /// Whether a document is incomplete and was changed recently.
        private static func isBeingWritten(_ path: DataPath, in run: RunDirectory) -> Bool {
            guard let file = try? run.openIfInReach(RunPath(path)) else { return false }
            defer { close(file) }
            if wallClock() - FileVersion(Files.status(of: file)).modified > Settling.longestPause { return false }
            guard case .torn? = try? Settling.withText(of: file, path, { _ in }) else { return false }
            return true
        }

        private static func end(of run: RunDirectory) -> RunChange.Kind? {
            func text(_ name: PropertyName) -> String? {
                ((try? run.readIfInReach(RunPath(DataPath.property(name)))) ?? nil).map { PropertyText.read($0) }
            }
            guard let end = text(.end), !TypedProperty.isMissing(end), run.status(RunPath(.error)) == nil else {
                return nil
            }
            return text(.completed).flatMap(PropertyText.flag) == true ? .completed : .stopped
        }

        /// Whether a file has to be checked again before it is reported.
        func isUnfinished(_ name: String) -> Bool { unfinished.contains(name) }

        /// The changes as events.
        func kinds(of changes: SeenFiles.Changes, hasOwnRows: Bool) -> [RunChange.Kind] {
            var kinds: [RunChange.Kind] = []
            var areMetricsReplaced = false
            for name in changes.files {
                guard let path = DataPath(name) else { continue }
                switch path {
                case .metricsRows: areMetricsReplaced = areMetricsReplaced || !hasOwnRows
                // Beside rows it is a view, unless another program has written it.
                case .metricsFrame: areMetricsReplaced = areMetricsReplaced || isFrameTrue || !hasRows
                case .error: kinds += hasError ? [.file(path), .failed] : [.file(path)]
                default: kinds.append(.file(path))
                }
            }
            if areMetricsReplaced { kinds.append(.metricsReplaced) }
            if !changes.properties.isEmpty { kinds.append(.properties(changes.properties)) }
            if let end { kinds.append(end) }
            return kinds
        }
    }
}
