internal import Glibc

/// A growing buffer that keeps its memory, for composing frames of the journal.
struct JournalBuffer: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init() {
        capacity = 64 * 1024
        storage = malloc(capacity)
    }

    deinit { free(storage) }

    /// Its content. Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

    /// Empties it; frees memory that only a rare large frame needed.
    mutating func removeAll() {
        count = 0
        guard capacity > 8 << 20 else { return }
        capacity = 64 * 1024
        free(storage)
        storage = malloc(capacity)
    }

    private mutating func room(for length: Int) -> UnsafeMutableRawPointer {
        if count + length > capacity {
            while count + length > capacity { capacity *= 2 }
            storage = realloc(storage, capacity)
        }
        defer { count += length }
        return storage + count
    }

    /// Appends an integer, little endian.
    mutating func append(_ value: some FixedWidthInteger & BitwiseCopyable) {
        let value = value.littleEndian
        room(for: MemoryLayout.size(ofValue: value)).storeBytes(of: value, as: type(of: value))
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            room(for: bytes.count).copyMemory(from: base, byteCount: bytes.count)
        }
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return }
            room(for: bytes.count).copyMemory(from: base, byteCount: bytes.count)
        }
    }

    /// Overwrites an integer, little endian.
    mutating func set(_ value: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
        let value = value.littleEndian
        (storage + offset).storeBytes(of: value, as: type(of: value))
    }
}

/// Reads what a `JournalBuffer` wrote.
struct JournalReader {
    private var rest: UnsafeRawBufferPointer.SubSequence

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value? {
        bytes(MemoryLayout<Value>.size).map { Value(littleEndian: $0.loadUnaligned(as: type)) }
    }

    mutating func text(_ count: Int) -> String? {
        bytes(count).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
