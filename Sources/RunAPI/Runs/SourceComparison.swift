internal import JSON
internal import MetadataWriters
internal import RunMetadata

/// The files that differ between two sources, with the differences of text files. One value is used for a whole reply,
/// and bounds its length.
struct SourceComparison {
    /// Bytes of differences that still fit into the reply.
    private var left = 2 << 20
    /// Bytes of file names that still fit into the reply.
    private var names = 2 << 20
    /// Steps left for finding shortest differences: lines removed and added, squared. When none are left, a difference
    /// is all old lines and all new ones.
    private var steps = 20_000_000
    /// Bytes that may still be unpacked.
    private(set) var bytes = 512 << 20

    /// The limits of the next source.
    var limits: SourceContents.Limits {
        var limits = SourceContents.Limits()
        limits.bytes = min(limits.bytes, bytes)
        return limits
    }

    /// Counts unpacked bytes.
    mutating func add(_ source: SourceContents) { bytes -= source.files.values.reduce(0) { $0 + $1.size } }

    /// The files that differ, by path, and how many more there are.
    mutating func files(from old: SourceContents?, to new: SourceContents?) -> (told: [JSONValue], further: Int) {
        let (old, new) = (old?.files ?? [:], new?.files ?? [:])
        var told: [JSONValue] = []
        var further = 0
        for path in Set(old.keys).union(new.keys).sorted() {
            if let old = old[path], let new = new[path], old.isSame(as: new) { continue }
            let size = path.text.utf8.count + 64
            if size > names {
                further += 1
            } else {
                names -= size
                told.append(.object(compare(path.text, old[path], new[path])))
            }
        }
        return (told, further)
    }

    private mutating func compare(
        _ path: String, _ old: SourceContents.File?, _ new: SourceContents.File?
    ) -> JSONObject {
        var file: JSONObject = [
            "path": .string(path), "change": old == nil ? "added" : new == nil ? "removed" : "changed",
        ]
        if old?.isBinary == true || new?.isBinary == true {
            file["binary"] = true
            return file
        }
        // A missing file counts as empty.
        guard let from = old.map(\.text) ?? [], let to = new.map(\.text) ?? [] else {
            file["note"] = "too large to be compared line by line"
            return file
        }
        let diff = UnifiedDiff(from: from, to: to, edits: min(3000, Int(Double(steps).squareRoot())))
        steps -= diff.edits * diff.edits
        guard diff.hunks.utf8.count <= left else {
            file["note"] = "the difference is left out, since the reply is too long"
            return file
        }
        left -= diff.hunks.utf8.count
        let names = (old == nil ? "/dev/null" : "a/\(path)", new == nil ? "/dev/null" : "b/\(path)")
        file["diff"] = .string("--- \(names.0)\n+++ \(names.1)\n\(diff.hunks)")
        return file
    }
}
