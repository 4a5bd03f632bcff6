internal import RunMetadata

/// The media type of a file, by its name's extension: common files of training runs, and those that browsers show.
enum FileMediaType {
    /// The type for `Content-Type`; `application/octet-stream` if the extension is unknown.
    static func of(_ path: ArtifactPath) -> String {
        guard let name = path.components.last, let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else {
            return unknown
        }
        return types[String(name[name.index(after: dot)...]).lowercased()] ?? unknown
    }

    /// Whether a browser may show it, since that runs nothing: images, sound, video and plain text. Others it has to
    /// save.
    static func isShown(_ type: String) -> Bool { shown.contains(type) || type == types["txt"] || type == types["csv"] }

    static let unknown = "application/octet-stream"

    private static let shown: Set<String> = [
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif", "audio/wav", "audio/mpeg",
        "audio/flac", "audio/ogg", "video/mp4", "video/webm", "application/json", "application/x-ndjson",
        "application/yaml",
    ]

    private static let types: [String: String] = [
        "avif": "image/avif", "bmp": "image/bmp", "bz2": "application/x-bzip2", "css": "text/css; charset=utf-8",
        "csv": "text/csv; charset=utf-8", "flac": "audio/flac", "gif": "image/gif", "gz": "application/gzip",
        "h5": "application/x-hdf5", "hdf5": "application/x-hdf5", "htm": "text/html; charset=utf-8",
        "html": "text/html; charset=utf-8", "ipynb": "application/x-ipynb+json", "jpeg": "image/jpeg",
        "jpg": "image/jpeg", "js": "text/javascript; charset=utf-8", "json": "application/json",
        "jsonl": "application/x-ndjson", "log": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "mp3": "audio/mpeg", "mp4": "video/mp4",
        "ndjson": "application/x-ndjson", "ogg": "audio/ogg", "parquet": "application/vnd.apache.parquet",
        "pdf": "application/pdf", "png": "image/png", "py": "text/plain; charset=utf-8",
        "r": "text/plain; charset=utf-8", "svg": "image/svg+xml", "tar": "application/x-tar",
        "tgz": "application/gzip", "toml": "application/toml", "tsv": "text/tab-separated-values; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "wasm": "application/wasm", "wav": "audio/wav", "webm": "video/webm",
        "webp": "image/webp", "xhtml": "application/xhtml+xml", "xml": "application/xml", "xz": "application/x-xz",
        "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip", "zst": "application/zstd",
    ]
}
