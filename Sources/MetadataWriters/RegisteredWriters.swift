internal import Synchronization

/// The registry in use, which can be exchanged while requests are served.
package final class RegisteredWriters: Sendable {
    private struct State {
        var registry: WriterRegistry
        var fault: String?
    }

    private let state: Mutex<State>
    private let generations = Atomic<UInt64>(0)

    package init(_ registry: WriterRegistry) { state = Mutex(State(registry: registry)) }

    /// What is registered now.
    package var current: WriterRegistry { state.withLock { $0.registry } }

    /// Why what was to be registered last was not; nil when it was.
    package var fault: String? { state.withLock { $0.fault } }

    /// Grows with each registry that takes the place of another.
    package var generation: UInt64 { generations.load(ordering: .acquiring) }

    /// Registers these, in place of all before.
    package func replace(by registry: WriterRegistry) {
        state.withLock { $0 = State(registry: registry) }
        generations.wrappingAdd(1, ordering: .releasing)
    }

    /// Keeps what there is, since what was to be registered has a fault.
    package func keep(because fault: String) { state.withLock { $0.fault = fault } }
}
