import ArgumentParser
import DirectoryStore
import MLflowAPI
import RunMetadata
import RunStore

/// `rundir import --from mlruns` and `--from mlflow`.
extension Import {
    func importFromMLflow() throws {
        let target = try ImportTarget(store, runs: runs, isAlone: true)
        defer { target.close() }
        guard let (store, scratch) = target.whole else { return }
        var counts = (imported: 0, passedOver: 0, failed: 0, leftOut: 0)
        for source in sources {
            let bar = ProgressBar()
            do {
                let source =
                    from == .mlruns
                    ? MLflowImport(ofFileStore: Self.withoutSlash(source), into: store, scratch: scratch)
                    : try MLflowImport(
                        ofServer: source, try Self.trackingSettings(), into: store, scratch: scratch)
                try source.run(reportingTo: bar.show) { event in
                    switch event {
                    case .imported: counts.imported += 1
                    case .passedOver: counts.passedOver += 1
                    case .failed(let run, let reason):
                        counts.failed += 1
                        say("\(run): not imported: \(reason)")
                    case .leftOut(let run, let what):
                        counts.leftOut += 1
                        say("\(run): left out: \(what)")
                    }
                }
                bar.end()
            } catch {
                bar.end()
                counts.failed += 1
                say("\(source): \(error.reason)")
            }
        }
        print(
            "imported \(counts.imported) runs; \(counts.passedOver) were there already, \(counts.failed) could not be imported, "
                + "\(counts.leftOut) parts of runs were left out")
        if counts.failed > 0 { throw ExitCode(1) }
    }

    /// The settings by which MLflow's clients reach a server (mlflow/environment_variables.py).
    private static func trackingSettings() throws -> TrackingServer.Settings {
        var settings = TrackingServer.Settings()
        settings.token = Environment.text("MLFLOW_TRACKING_TOKEN")
        if let name = Environment.text("MLFLOW_TRACKING_USERNAME") {
            settings.user = "\(name):\(Environment.text("MLFLOW_TRACKING_PASSWORD") ?? "")"
        }
        settings.authorities = Environment.text("MLFLOW_TRACKING_SERVER_CERT_PATH")
        if let text = Environment.text("MLFLOW_TRACKING_INSECURE_TLS") {
            settings.takesAnyCertificate = ["true", "1"].contains(text.lowercased())
        }
        return settings
    }

    private static func withoutSlash(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
