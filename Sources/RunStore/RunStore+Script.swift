package import RunMetadata

extension RunStore {
    /// What a run says is its script; nil where it says nothing, or cannot be read.
    package func script(of target: RunTarget) -> String? {
        guard let run = resolve(target), let properties = try? properties(of: run) else { return nil }
        let script = properties.first { $0.name == PropertyName.script.description }?.text
        // What a run is given that says nothing else.
        return script == run.description ? nil : script
    }
}
