internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A record of what an export has written of a run: `.rundir/export/runs/<run id>.json`.
struct ExportNote {
    struct File {
        /// The version of the content in the store.
        let version: BlobVersion
        /// The version of the file that was written (`FileVersion.text`); nil: it may not have been written.
        var written: String?
    }

    var place: RunPlace
    var files: [ArtifactPath: File] = [:]

    init(place: RunPlace) { self.place = place }

    /// Whether a file still has the content that was written.
    func isUpToDate(_ path: ArtifactPath, _ version: BlobVersion, _ status: stat?) -> Bool {
        guard let file = files[path], let written = file.written else { return false }
        return file.version == version && FileVersion(file: status)?.text == written
    }

    // MARK: Text

    /// An object with `place` and `files`: by path, the version of the content and that of the file, which may be
    /// missing.
    var text: [UInt8] {
        let files = self.files.sorted { $0.key.description < $1.key.description }.map {
            path, file -> (String, JSONValue) in
            let texts = [file.version.text] + (file.written.map { [$0] } ?? [])
            return (path.description, JSONValue.array(texts.map { .string($0) }))
        }
        return JSONWriter.pretty(
            .object(
                JSONObject([
                    ("place", .string(place == .archived ? "archive" : "runs")), ("files", .object(JSONObject(files))),
                ])))
    }

    /// Reads a note; nil if there is none.
    static func read(_ path: String) throws -> ExportNote? {
        guard let bytes = try Files.read(path) else { return nil }
        let object = try JSONValue.parse(bytes).object ?? JSONObject()
        var note = ExportNote(place: object["place"]?.string == "archive" ? .archived : .initialised)
        for member in object["files"]?.object?.members ?? [] {
            guard let path = ArtifactPath(member.name), let texts = member.value.array?.compactMap(\.string),
                let version = texts.first
            else { continue }
            note.files[path] = File(version: BlobVersion(version), written: texts.count > 1 ? texts[1] : nil)
        }
        return note
    }
}
