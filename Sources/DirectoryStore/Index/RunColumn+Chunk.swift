internal import RunMetadata

/// The database's format of one column's values for successive rows: one chunk, so that a column of very many runs is
/// read quickly.
///
/// A byte with the number of rows; the kind of each; then for each number 8 bytes, little-endian, for each text its
/// index among the chunk's distinct texts, in a byte; then those texts, each after its length in 2 bytes.
extension RunColumn {
    /// Rows in a chunk: three chunks of numbers fit on an SQLite page.
    static let chunkRows = 128

    /// The stored kinds.
    private enum Kept {
        static let missing: UInt8 = 0
        static let no: UInt8 = 1
        static let yes: UInt8 = 2
        static let number: UInt8 = 3
        static let text: UInt8 = 4
    }

    /// The chunk of some rows, at most `chunkRows`.
    func chunk(_ rows: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(rows.count)]
        bytes.reserveCapacity(1 + rows.count * 9)
        for row in rows {
            switch kinds[row] {
            case Kind.flag: bytes.append(numbers[row] == 0 ? Kept.no : Kept.yes)
            case Kind.number: bytes.append(Kept.number)
            case Kind.text: bytes.append(Kept.text)
            default: bytes.append(Kept.missing)
            }
        }
        var places: [Int: UInt8] = [:]
        var texts: [UInt8] = []
        for row in rows {
            switch kinds[row] {
            case Kind.number:
                withUnsafeBytes(of: numbers[row].bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            case Kind.text:
                let place = Int(numbers[row])
                if places[place] == nil {
                    places[place] = UInt8(places.count)
                    let text = self.texts[place].utf8
                    texts.append(UInt8(truncatingIfNeeded: text.count))
                    texts.append(UInt8(truncatingIfNeeded: text.count >> 8))
                    texts.append(contentsOf: text)
                }
                bytes.append(places[place] ?? 0)
            default: break
            }
        }
        return bytes + texts
    }

    /// Sets rows to the values of a chunk.
    /// - Parameter first: the row of its first value; rows beyond the column are ignored
    /// - Returns: false if it is malformed
    mutating func set(_ chunk: UnsafeRawBufferPointer, from first: Int) -> Bool {
        guard let rows = chunk.first.map(Int.init), chunk.count > rows else { return false }
        let payload = 1 + rows
        var length = 0
        for at in 1..<payload {
            switch chunk[at] {
            case Kept.missing, Kept.no, Kept.yes: break
            case Kept.number: length += 8
            case Kept.text: length += 1
            default: return false
            }
        }
        guard payload + length <= chunk.count, let places = texts(of: chunk[(payload + length)...]) else {
            return false
        }
        var isRight = true
        withRows((first..<(first + rows)).clamped(to: 0..<count)) { kinds, numbers in
            var at = payload
            for row in 0..<kinds.count {
                switch chunk[1 + row] {
                case Kept.no: (kinds[row], numbers[row]) = (Kind.flag, 0)
                case Kept.yes: (kinds[row], numbers[row]) = (Kind.flag, 1)
                case Kept.number:
                    let bits = chunk.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    (kinds[row], numbers[row]) = (Kind.number, Double(bitPattern: UInt64(littleEndian: bits)))
                    at += 8
                case Kept.text:
                    let place = Int(chunk[at])
                    if place >= places.count { isRight = false }
                    (kinds[row], numbers[row]) =
                        place < places.count ? (Kind.text, Double(places[place])) : (Kind.missing, 0)
                    at += 1
                default: (kinds[row], numbers[row]) = (Kind.missing, 0)
                }
            }
        }
        return isRight
    }

    /// The indices in this column of the texts at the end of a chunk; nil if they are malformed.
    private mutating func texts(of bytes: Slice<UnsafeRawBufferPointer>) -> [Int]? {
        var places: [Int] = []
        var rest = bytes
        while let low = rest.popFirst() {
            guard let high = rest.popFirst(), case let length = Int(low) | Int(high) << 8, length <= rest.count else {
                return nil
            }
            places.append(place(of: String(decoding: rest.prefix(length), as: UTF8.self)))
            rest = rest.dropFirst(length)
        }
        return places
    }
}
