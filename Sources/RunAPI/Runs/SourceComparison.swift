internal import JSON
internal import MetadataWriters
internal import RunMetadata

/// The files in which two sources differ, with the difference of those that are text. One value for a whole reply, whose
/// length it bounds.
struct SourceComparison {
    /// Bytes of differences that may still be told.
    private var left = 2 << 20
    /// Bytes of the names of files that may still be told.
    private var names = 2 << 20
    /// Steps that looking for the shortest differences may still take: lines removed and added, squared. Without any left, a
    /// difference is all old lines and all new ones.
    private var steps = 20_000_000
    /// Bytes that may still be unpacked.
    private(set) var bytes = 512 << 20

    /// What a further source may have.
    var limits: SourceContents.Limits {
        var limits = SourceContents.Limits()
        limits.bytes = min(limits.bytes, bytes)
        return limits
    }

    /// Counts what was unpacked.
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
        // A file that is not there is an empty one.
        guard let from = old.map(\.text) ?? [], let to = new.map(\.text) ?? [] else {
            file["note"] = "too large to be compared line by line"
            return file
        }
        let diff = UnifiedDiff(from: from, to: to, edits: min(3000, Int(Double(steps).squareRoot())))
        steps -= diff.edits * diff.edits
        guard diff.hunks.utf8.count <= left else {
            file["note"] = "the difference is left out: the reply is long enough with those before"
            return file
        }
        left -= diff.hunks.utf8.count
        let names = (old == nil ? "/dev/null" : "a/\(path)", new == nil ? "/dev/null" : "b/\(path)")
        file["diff"] = .string("--- \(names.0)\n+++ \(names.1)\n\(diff.hunks)")
        return file
    }
}
