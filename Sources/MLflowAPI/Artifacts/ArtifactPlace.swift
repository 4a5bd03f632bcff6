internal import RunMetadata

/// What a path of `mlflow-artifacts:/…` leads to: `<experiment>/<run>/artifacts/<path in the run's directory>`.
struct ArtifactPlace: Equatable {
    let run: RunID
    /// Nil: the run's directory.
    let path: ArtifactPath?

    /// - Throws: if the path leads to no run, or to its metadata
    init(_ text: String) throws(MLflowError) {
        let names = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        // An experiment may have a location of its own, of any depth.
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

    /// A path as a request for a run's artifacts gives it.
    init(_ run: RunID, _ path: String) throws(MLflowError) { try self.init("-/\(run)/artifacts/\(path)") }
}
