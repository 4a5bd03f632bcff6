internal import Glibc
internal import LocalFiles
internal import RunStore

/// The large files of a write. They become objects before the write is committed.
struct UploadedObjects: Sendable {
    /// An object, and how large it is.
    struct Object: Sendable {
        /// The key under which `objects` lists it until a file names it (`WorkingRun.key`).
        let run: String
        let name: String
        /// Bytes.
        let size: Int
    }

    /// Objects by the path of the local file that each is made from.
    private(set) var byFile: [String: Object] = [:]
    /// The write's place in the order of the writes, once it has one.
    var reservation: Reservation?

    /// Chooses object names that were never used for the write's large files. Of a folder with many small files, the
    /// larger ones become objects too, so that few bytes go into the database.
    /// - Parameters:
    ///   - least: the least size of a file that becomes an object, bytes
    ///   - rest: the most bytes of a folder's other files
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

    /// Records the object that was made from a file.
    mutating func add(_ object: Object, ofFileAt path: String) { byFile[path] = object }

    /// No objects.
    init() {}

    var isEmpty: Bool { byFile.isEmpty }
    var all: [Object] { Array(byFile.values) }

    mutating func add(_ other: UploadedObjects) { byFile.merge(other.byFile) { $1 } }
}

extension UploadedObjects.Object {
    /// An object with a name that was never used.
    init(fresh size: Int, of run: String) {
        let name = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        self.init(run: run, name: name, size: size)
    }
}
