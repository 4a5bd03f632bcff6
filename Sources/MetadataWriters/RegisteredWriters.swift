internal import Synchronization

/// The registry in use, which can be replaced while requests are served.
package final class RegisteredWriters: Sendable {
    private struct State {
        var registry: WriterRegistry
        var fault: String?
    }

    private let state: Mutex<State>
    private let generations = Atomic<UInt64>(0)

    package init(_ registry: WriterRegistry) { state = Mutex(State(registry: registry)) }

    /// The current registry.
    package var current: WriterRegistry { state.withLock { $0.registry } }

    /// Why the last reload failed; nil if it succeeded.
    package var fault: String? { state.withLock { $0.fault } }

    /// Increases with each replacement.
    package var generation: UInt64 { generations.load(ordering: .acquiring) }

    /// Replaces the registry.
    package func replace(by registry: WriterRegistry) {
        state.withLock { $0 = State(registry: registry) }
        generations.wrappingAdd(1, ordering: .releasing)
    }

    /// Keeps the present registry, since the new one has a fault.
    package func keep(because fault: String) { state.withLock { $0.fault = fault } }
}
