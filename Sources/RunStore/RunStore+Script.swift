package import RunMetadata

/// The script that a run names.
package struct RunScript: Sendable {
    package let text: String
    /// Whether it may have been chosen from the run's source, rather than given.
    package let mayBeChosen: Bool
}

extension RunStore {
    /// The script that a run names; nil if it names none, or cannot be read.
    package func script(of target: RunTarget) -> RunScript? {
        guard let run = try? resolve(target), let properties = try? properties(of: run) else { return nil }
        // The default script is the run's id.
        guard let text = properties.first(where: { $0.name == PropertyName.script.description })?.text,
            text != run.description
        else { return nil }
        return RunScript(text: text, mayBeChosen: (try? file(.source, of: run)) ?? nil != nil)
    }
}
