package import RunMetadata

/// What a run says is its script.
package struct RunScript: Sendable {
    package let text: String
    /// Whether it may have been chosen from source that the run has, rather than given.
    package let mayBeChosen: Bool
}

extension RunStore {
    /// What a run says is its script; nil where it says nothing, or cannot be read.
    package func script(of target: RunTarget) -> RunScript? {
        guard let run = try? resolve(target), let properties = try? properties(of: run) else { return nil }
        // What a run is given that says nothing else is its id.
        guard let text = properties.first(where: { $0.name == PropertyName.script.description })?.text,
            text != run.description
        else { return nil }
        return RunScript(text: text, mayBeChosen: (try? file(.source, of: run)) ?? nil != nil)
    }
}
