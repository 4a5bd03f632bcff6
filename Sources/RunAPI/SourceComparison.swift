internal import JSON
internal import MetadataWriters
internal import RunMetadata

/// The files in which two sources differ, with the difference of those that are text. One value for a whole reply, whose
/// length it bounds.
struct SourceComparison {
    /// Bytes of differences that may still be told.
    private var left = 2 << 20

    /// The files that differ, by path.
    mutating func files(from old: SourceContents?, to new: SourceContents?) -> [JSONValue] {
        let (old, new) = (old?.files ?? [:], new?.files ?? [:])
        return Set(old.keys).union(new.keys).sorted().compactMap { path in
            compare(path, old[path], new[path]).map { .object($0) }
        }
    }

    private mutating func compare(
        _ path: String, _ old: SourceContents.File?, _ new: SourceContents.File?
    ) -> JSONObject? {
        if let old, let new, old.size == new.size, old.fingerprint == new.fingerprint { return nil }
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
        let diff = UnifiedDiff(from: from, to: to)
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
