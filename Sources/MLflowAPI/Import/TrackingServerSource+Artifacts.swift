internal import HTTPServer
internal import JSON
internal import LocalFiles

/// Artifacts of runs and of logged models.
extension TrackingServerSource {
    /// The longest path of an artifact, bytes (PATH_MAX).
    private static let longestPath = 4096

    func artifacts(at place: SourcePlace, leftOut: LeftOut) throws -> [SourceArtifact] {
        var (found, folders): ([SourceArtifact], [String]) = ([], [""])
        while let folder = folders.popLast() {
            do {
                try pages { token in
                    try list(folder, at: place, token)
                } each: { page in
                    for file in try page.objects("files") {
                        let path = try file.required("path")
                        guard folder.isEmpty || path.hasPrefix(folder + "/"), path.utf8.count <= Self.longestPath else {
                            leftOut("the artifact \"\(path)\", which is not in its folder")
                            continue
                        }
                        if file.object["is_dir"]?.bool == true {
                            if path != folder { folders.append(path) }
                        } else {
                            found.append(SourceArtifact(name: path, place: target(of: path, at: place)))
                        }
                    }
                }
            } catch let refused as TrackingServer.Refused where proxied(place) == nil {
                // Clients read these without the server, which may have no access to them.
                leftOut("artifacts at \(place.uri): \(refused)")
                return found
            }
        }
        return found
    }

    private func list(_ folder: String, at place: SourcePlace, _ token: JSONValue) throws -> MLflowParameters {
        var query: [(name: String, value: String)] = []
        if !folder.isEmpty { query.append((place.isModel ? "artifact_directory_path" : "path", folder)) }
        if let token = token.string { query.append(("page_token", token)) }
        if place.isModel {
            let id = PercentEncoding.encode(place.owner)
            return try server.get("/api/2.0/mlflow/logged-models/\(id)/artifacts/directories", query)
        }
        return try server.get("/api/2.0/mlflow/artifacts/list", query + [("run_id", place.owner)])
    }

    func copy(_ artifact: SourceArtifact, in scratch: Scratch) throws -> StagingFile? {
        try unlessMissing { try server.download(artifact.place, in: scratch) }
    }

    /// The path of artifacts that the server itself stores, as in `mlflow-artifacts:/1/abc/artifacts`; nil for
    /// artifacts that are elsewhere.
    private func proxied(_ place: SourcePlace) -> String? {
        let scheme = "mlflow-artifacts:/"
        guard place.uri.hasPrefix(scheme), !place.uri.hasPrefix(scheme + "/") else { return nil }
        return String(place.uri.dropFirst(scheme.count))
    }

    /// The target of a request for an artifact.
    private func target(of name: String, at place: SourcePlace) -> String {
        if let root = proxied(place) {
            let names = "\(root)/\(name)".split(separator: "/").map { PercentEncoding.encode($0.utf8) }
            return "/api/2.0/mlflow-artifacts/artifacts/\(names.joined(separator: "/"))"
        }
        // The routes of MLflow's own page. They read any location that the server can reach.
        if place.isModel {
            let path = "/ajax-api/2.0/mlflow/logged-models/\(PercentEncoding.encode(place.owner))/artifacts/files"
            return TrackingServer.target(path, [("artifact_file_path", name)])
        }
        return TrackingServer.target("/get-artifact", [("path", name), ("run_uuid", place.owner)])
    }
}
