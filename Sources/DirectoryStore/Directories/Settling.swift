internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The result of an attempt to read a file of metadata, which another program may be writing in place, as R does: it
/// empties the file, then writes it in parts.
enum Settled<Value> {
    case whole(Value)
    /// It was truncated, or changed while it was read.
    case torn
}

/// Reads such a file again until it is complete.
enum Settling {
    /// Milliseconds before each further attempt: two thirds of a second in all.
    private static let pauses = [10, 20, 40, 80, 160, 320]
    /// The number of pauses that any reader makes, and of readers that may make the longer ones: other requests need
    /// threads.
    private static let shortPauses = 2
    private static let mostWaiting = 2
    private static let waiting = Atomic<Int>(0)
    /// Seconds after its last change when a truncated file is no longer considered to be in writing.
    static let longestPause = 10.0

    /// Reads a file of a run, repeatedly while it is torn.
    /// - Parameter waits: false on a thread that must not wait: then there is one attempt
    /// - Throws: `beingWritten` if it stays torn
    static func read<Value>(
        _ path: DataPath, in run: RunDirectory, waits: Bool = true,
        _ attempt: () throws(StoreError) -> Settled<Value>
    ) throws(StoreError) -> Value {
        if case .whole(let value) = try attempt() { return value }
        if waits {
            var isWaiting = false
            defer { if isWaiting { waiting.wrappingSubtract(1, ordering: .relaxed) } }
            for (index, milliseconds) in pauses.enumerated() {
                guard isFresh(path, in: run) else { break }
                if index == shortPauses {
                    isWaiting = waiting.wrappingAdd(1, ordering: .relaxed).newValue <= mostWaiting
                    if !isWaiting {
                        waiting.wrappingSubtract(1, ordering: .relaxed)
                        break
                    }
                }
                usleep(UInt32(milliseconds) * 1000)
                if case .whole(let value) = try attempt() { return value }
            }
        }
        throw .beingWritten(path)
    }

    /// Whether a file was changed recently, so that its writer may continue.
    private static func isFresh(_ path: DataPath, in run: RunDirectory) -> Bool {
        guard let version = FileVersion(file: run.status(RunPath(path))) else { return true }
        return wallClock() - version.modified < longestPause
    }

    /// Lends the whole text of an open JSON file.
    /// - Returns: `torn` if it is truncated, or was written meanwhile
    static func withText<Value>(
        of file: CInt, _ path: DataPath, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Value
    ) throws(StoreError) -> Settled<Value> {
        let version = FileVersion(Files.status(of: file))
        return try WholeText.withBytes(file, size: version.size, of: path.description) { text throws(StoreError) in
            let isWhole = text.count == version.size && FileVersion(Files.status(of: file)) == version
            return isWhole && !JSONExtent.isCut(text) ? .whole(try body(text)) : .torn
        }
    }
}
