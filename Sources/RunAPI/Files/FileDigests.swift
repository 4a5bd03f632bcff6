internal import HTTPServer
internal import OrderedCollections
internal import RunStore
internal import Synchronization

/// The digests of files, for `Repr-Digest` (RFC 9530) and `Content-MD5` (RFC 1864) on download.
///
/// They are cached by the file's version, only in memory: those of an upload when it is stored, those of a small file
/// when it is first read, those of a large file when a client sends `Want-Repr-Digest`, which takes as long as reading
/// it.
final class FileDigests: Sendable {
    typealias Values = [Digest.Algorithm: [UInt8]]

    /// The most bytes of a file that is digested without being asked for.
    static let smallest = 1 << 20
    /// The most files whose digests are cached.
    private static let most = 10_000

    /// By the text of the version; in order of arrival.
    private let known = Mutex(OrderedDictionary<String, Values>())

    /// Caches digests of a version.
    func note(_ values: Values, of version: BlobVersion) {
        known.withLock { known in
            known[version.text, default: [:]].merge(values) { $1 }
            if known.count > Self.most { known.removeFirst(Self.most / 10) }
        }
    }

    /// The digests of a file, computed if they are missing.
    /// - Parameters:
    ///   - algorithms: which ones
    ///   - reads: whether to read the file for that, however large
    ///   - check: called now and then; throws if nobody waits for the result any longer
    func values(
        of file: any Blob, _ algorithms: Set<Digest.Algorithm>, reads: Bool, _ check: () throws -> Void
    ) throws -> Values {
        let values = known.withLock { $0[file.version.text] } ?? [:]
        let missing = algorithms.filter { values[$0] == nil }
        guard !missing.isEmpty, reads || file.size <= Self.smallest else { return values }
        guard let made = try Self.make(missing, of: file, check) else { return values }
        note(made, of: file.version)
        return values.merging(made) { $1 }
    }

    /// Reads a file; nil if that fails, or the file was written to meanwhile.
    private static func make(
        _ algorithms: Set<Digest.Algorithm>, of file: any Blob, _ check: () throws -> Void
    ) throws -> Values? {
        let digests = algorithms.map { Digest($0) }
        let isRead = try withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 16) { buffer in
            var offset = 0
            while offset < file.size {
                try check()
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: buffer[..<min(buffer.count, file.size - offset)])
                guard let count = try? file.read(at: offset, into: part), count > 0 else { return false }
                for digest in digests { digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                offset += count
            }
            return true
        }
        guard isRead, file.isUnchanged else { return nil }
        return Dictionary(uniqueKeysWithValues: digests.map { ($0.algorithm, $0.finish()) })
    }
}

/// The digests of a file that a client wants.
struct WantedDigests: Sendable {
    /// Those for `Repr-Digest`, in order of preference.
    let algorithms: [Digest.Algorithm]
    /// Whether it asked for them, so that even a large file is read.
    let isAsked: Bool

    /// Reads `Want-Repr-Digest` (RFC 9530 section 4); if it is missing or malformed, SHA-256 if that is cached or
    /// cheap.
    init(_ exchange: HTTPExchange) {
        guard let text = exchange.joinedHeader("Want-Repr-Digest"), let dictionary = StructuredDictionary(text) else {
            (algorithms, isAsked) = ([.sha256], false)
            return
        }
        let wanted = dictionary.members.compactMap { member -> (algorithm: Digest.Algorithm, weight: Int)? in
            guard let algorithm = Digest.Algorithm(rawValue: member.name), case .integer(let weight) = member.item,
                (1...10).contains(weight)
            else { return nil }
            return (algorithm, weight)
        }
        algorithms = wanted.sorted { $0.weight > $1.weight }.map(\.algorithm)
        isAsked = true
    }
}
