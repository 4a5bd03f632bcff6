internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// What an attempt at reading a file of metadata came to, which something else may write in place meanwhile, as R does: it
/// empties the file, and writes it in parts.
enum Settled<Value> {
    case whole(Value)
    /// It was cut short, or changed while it was read.
    case torn
}

/// Reading such a file again, until it is whole.
enum Settling {
    /// Milliseconds before each further attempt: two thirds of a second together.
    private static let pauses = [10, 20, 40, 80, 160, 320]
    /// The first pauses, that any reader makes, and how many readers may make longer ones: others have to be answered.
    private static let shortPauses = 2
    private static let mostWaiting = 2
    private static let waiting = Atomic<Int>(0)
    /// Seconds after its last change after which a file that is cut short is not being written any more.
    static let longestPause = 10.0

    /// Reads a file of a run, again and again where it is torn.
    /// - Parameter waits: false on a thread for which others wait: there is one attempt then
    /// - Throws: `beingWritten` where it stays torn
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

    /// Whether a file was changed lately, so that whoever writes it may go on.
    private static func isFresh(_ path: DataPath, in run: RunDirectory) -> Bool {
        guard let version = FileVersion(file: run.status(RunPath(path))) else { return true }
        return wallClock() - version.modified < longestPause
    }

    /// Lends the whole text of an open file of JSON.
    /// - Returns: torn where it is cut short, or was written meanwhile
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
