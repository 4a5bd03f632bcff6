internal import Glibc
internal import LocalFiles
internal import RunStore

/// The large files of a write that become objects, before the write is committed.
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
    /// The write's place in the order of the writes, once it has one.
    var reservation: Reservation?

    /// Names that were never used, for the files of a write that are large enough. Of a folder with many small files,
    /// the larger ones are objects too, so that few bytes are left for the database.
    /// - Parameters:
    ///   - least: bytes from which on a file becomes an object
    ///   - rest: bytes of a folder's other files, at most
    init(for write: RunWrite, from least: Int, rest: Int) throws(StoreError) {
        guard case .change(let changes) = write.action else { return }
        for change in changes {
            switch change {
            case .publish(let file, _, _), .artifact(let file, _, _):
                let size = Self.size(of: file.path)
                if size >= least { add(file.path, size, write) }
            case .publishFolder(let folder, _, _):
                let files = try folder.files().map { (path: $0.place, size: Self.size(of: $0.place)) }
                var left = files.reduce(0) { $0 + $1.size }
                for file in files.sorted(by: { $0.size > $1.size }) where file.size >= least || left > rest {
                    add(file.path, file.size, write)
                    left -= file.size
                }
            default: break
            }
        }
    }

    /// Bytes of a staged file.
    static func size(of path: String) -> Int { Files.status(path).map { Int($0.st_size) } ?? 0 }

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
