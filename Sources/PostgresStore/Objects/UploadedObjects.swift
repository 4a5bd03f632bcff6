internal import Glibc
internal import LocalFiles
internal import RunStore

/// The large files of a write that have become objects, before the write is committed.
struct UploadedObjects: Sendable {
    /// An object, and how large it is.
    struct Object: Sendable {
        /// The key under which `objects` has it until a file has it (`WorkingRun.key`).
        let run: String
        let name: String
        /// Bytes.
        let size: Int
    }

    /// By the paths of the files of which they were made, on this machine.
    private(set) var byFile: [String: Object] = [:]

    /// Names that were never used, for the files of a write that are large enough.
    /// - Parameter least: bytes from which on a file becomes an object
    init(for write: RunWrite, from least: Int) throws(StoreError) {
        guard case .change(let changes) = write.action else { return }
        for change in changes {
            switch change {
            case .publish(let file, _, _), .artifact(let file, _, _):
                if let size = Self.size(of: file.path, from: least) { add(file.path, size, write) }
            case .publishFolder(let folder, _, _):
                for (_, place) in try folder.files() {
                    if let size = Self.size(of: place, from: least) { add(place, size, write) }
                }
            default: break
            }
        }
    }

    /// Whether a write may bring files that are large enough; of a folder, that is found out later.
    static func mayBeNeeded(for write: RunWrite, from least: Int) -> Bool {
        guard case .change(let changes) = write.action else { return false }
        return changes.contains { change in
            switch change {
            case .publish(let file, _, _), .artifact(let file, _, _): size(of: file.path, from: least) != nil
            case .publishFolder: true
            default: false
            }
        }
    }

    /// The size of a file that is large enough, bytes.
    private static func size(of path: String, from least: Int) -> Int? {
        Files.status(path).map { Int($0.st_size) }.flatMap { $0 >= least ? $0 : nil }
    }

    private mutating func add(_ path: String, _ size: Int, _ write: RunWrite) {
        byFile[path] = Object(fresh: size, of: write.target.key)
    }

    /// Notes an object that has been made of a file.
    mutating func add(_ object: Object, ofFileAt path: String) { byFile[path] = object }

    /// None.
    init() {}

    var isEmpty: Bool { byFile.isEmpty }
    var all: [Object] { Array(byFile.values) }

    mutating func add(_ other: UploadedObjects) { byFile.merge(other.byFile) { $1 } }
}

extension UploadedObjects.Object {
    /// One with a name that was never used.
    init(fresh size: Int, of run: String) {
        let name = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        self.init(run: run, name: name, size: size)
    }
}
