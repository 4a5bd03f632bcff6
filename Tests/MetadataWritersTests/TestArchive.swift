/// Archives made byte by byte, those too that no sound tool makes.
enum TestArchive {
    /// An entry of a tar.
    struct Entry: Sendable {
        var name: String
        var content = ""
        /// POSIX ustar's type flag: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder, `6` FIFO.
        var type: Character = "0"
        var link = ""
        var mode = "0000644"
        /// A name that is not UTF-8; tar only.
        var rawName: [UInt8]?
        /// Bytes of a sparse file, of whose content all but the beginning is a hole (GNU's old type `S`).
        var sparseSize: Int?

        static func file(_ name: String, _ content: String = "x\n") -> Entry { Entry(name: name, content: content) }
        /// Attributes of the entry that follows (POSIX pax).
        static func pax(_ attributes: [(String, String)]) -> Entry {
            let records = attributes.map { name, value in
                let rest = " \(name)=\(value)\n"
                // The length counts its own digits.
                var length = rest.utf8.count
                while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
                return "\(length)\(rest)"
            }
            return Entry(name: "pax", content: records.joined(), type: "x")
        }

        static func oldSparse(_ name: String, size: Int) -> Entry {
            Entry(name: name, content: "abc", type: "S", sparseSize: size)
        }

        static func folder(_ name: String) -> Entry { Entry(name: name, type: "5", mode: "0000755") }
    }

    /// A tar (POSIX ustar), ended by two blocks of zeros.
    static func tar(_ entries: [Entry]) -> [UInt8] {
        entries.flatMap(block) + [UInt8](repeating: 0, count: 1024)
    }

    private static func block(_ entry: Entry) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        let content = Array(entry.content.utf8)
        let name = entry.rawName ?? Array(entry.name.utf8)
        header.replaceSubrange(0..<name.count, with: name)
        put(entry.mode, at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(content.count), at: 124)
        put(octal(1_795_512_600), at: 136)
        put("        ", at: 148)
        put(String(entry.type), at: 156)
        put(entry.link, at: 157)
        put(entry.sparseSize == nil ? "ustar\u{0}00" : "ustar  \u{0}", at: 257)
        if let size = entry.sparseSize {
            put(octal(0), at: 386)
            put(octal(content.count), at: 398)
            put(octal(size), at: 483)
        }
        put(octal(header.reduce(0) { $0 + Int($1) }).suffix(6) + "\u{0} ", at: 148)
        let padding = (512 - content.count % 512) % 512
        return header + content + [UInt8](repeating: 0, count: padding)
    }

    private static func octal(_ number: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: 11 - digits.count) + digits
    }

    /// A gzip (RFC 1952) of stored blocks (RFC 1951 section 3.2.4).
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var start = 0
        repeat {
            let end = min(start + 65_535, bytes.count)
            packed +=
                [end == bytes.count ? 1 : 0] + little(end - start, 2) + little(~(end - start), 2) + bytes[start..<end]
            start = end
        } while start < bytes.count
        return packed + little(Int(checksum(bytes)), 4) + little(bytes.count, 4)
    }

    /// A zip (APPNOTE) of stored entries.
    static func zip(_ entries: [Entry]) -> [UInt8] {
        var files: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let (name, content) = (Array(entry.name.utf8), Array(entry.content.utf8))
            let sizes = little(Int(checksum(content)), 4) + little(content.count, 4) + little(content.count, 4)
            let common = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0] + sizes + little(name.count, 2) + [0, 0]
            directory += [0x50, 0x4B, 1, 2, 20, 3] + common + [UInt8](repeating: 0, count: 6)
            directory += little(entry.type == "2" ? 0o120777 << 16 : 0o100644 << 16, 4) + little(files.count, 4) + name
            files += [0x50, 0x4B, 3, 4] + common + name + content
        }
        let count = little(entries.count, 2)
        let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + little(directory.count, 4) + little(files.count, 4)
        return files + directory + end + [0, 0]
    }

    private static func little(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// CRC-32 (RFC 1952 section 8).
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
