internal import RunMetadata

/// The target of a path in `mlflow-artifacts:/…`: `<experiment>/<run>/artifacts/<path in the run's directory>`.
struct ArtifactPlace: Equatable {
    let run: RunID
    /// Nil: the run's directory.
    let path: ArtifactPath?

    /// - Throws: if the path names no run, or points to a run's metadata
    init(_ text: String) throws(MLflowError) {
        let names = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        // An experiment may have its own location, at any depth.
        let place = names.indices.dropFirst().first { names[$0] == "artifacts" && RunID(names[$0 - 1]) != nil }
        guard let place, let run = RunID(names[place - 1]) else {
            throw MLflowError(
                .resourceDoesNotExist,
                "No artifacts are at '\(text)': a path is <experiment id>/<run id>/artifacts/<path in the run>")
        }
        self.run = run
        let rest = Array(names[(place + 1)...])
        if rest.isEmpty {
            path = nil
            return
        }
        guard let path = ArtifactPath(components: rest) else { throw .invalid("Invalid path: \(ArtifactPath.rule)") }
        if path.isMetadata {
            throw .invalid("'\(path)' is the run's metadata, which is read and written by Rundir's own API")
        }
        self.path = path
    }

    /// Resolves a path in a request for a run's artifacts.
    init(_ run: RunID, _ path: String) throws(MLflowError) { try self.init("-/\(run)/artifacts/\(path)") }
}
