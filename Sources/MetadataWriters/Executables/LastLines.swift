internal import Glibc

/// The last lines of a program's standard error, of any length.
struct LastLines {
    private static let most = 2048
    private static let lines = 10

    private var bytes: [UInt8] = []
    private var wasCut = false

    /// Takes what a pipe holds, without waiting (read(2)); at most 1 MiB at a time, so that a flood does not delay the
    /// check of the time limit.
    mutating func take(from pipe: CInt) {
        var part = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<16 {
            let count = part.withUnsafeMutableBytes { Glibc.read(pipe, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            bytes += part[..<count]
            if bytes.count > Self.most {
                bytes.removeFirst(bytes.count - Self.most)
                wasCut = true
            }
        }
    }

    /// The lines, with invalid UTF-8 repaired and without control characters.
    var text: String {
        let all = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let whole = wasCut && all.count > 1 ? all.dropFirst() : all[...]
        let clean = whole.suffix(Self.lines).map { line in
            String(String.UnicodeScalarView(line.unicodeScalars.filter { $0.value >= 32 || $0 == "\t" }))
        }
        return clean.joined(separator: "\n")
    }
}
