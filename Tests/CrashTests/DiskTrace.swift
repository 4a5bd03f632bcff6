import TestSupport

/// What `faults/` noted, one event after the other.
struct DiskTrace: Sequence, IteratorProtocol {
    enum Event {
        case call(String)
        case make(inode: UInt64, parent: UInt64, isFolder: Bool, name: String)
        case size(inode: UInt64, Int)
        case write(inode: UInt64, offset: Int, [UInt8])
        case move(from: UInt64, to: UInt64, isExchange: Bool, String, String)
        case link(inode: UInt64, parent: UInt64, String)
        case remove(parent: UInt64, String)
        case sync(inode: UInt64)
        case syncAll
        /// The client has read a reply of success to its question of that number.
        case acknowledged(Int)
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ path: String) { bytes = contents(of: path) ?? [] }

    mutating func next() -> Event? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let fields = String(decoding: bytes[position..<end], as: UTF8.self).split(
            separator: "\t", omittingEmptySubsequences: false
        ).map(String.init)
        position = end + 1
        let number = { (index: Int) in UInt64(fields[index]) ?? 0 }
        switch fields[0] {
        case "call": return .call(fields[2])
        case "make": return .make(inode: number(1), parent: number(2), isFolder: fields[3] == "d", name: fields[4])
        case "size": return .size(inode: number(1), Int(number(2)))
        case "write":
            let length = Int(number(3))
            // The process's end can cut a line short that another of its threads was writing (exit_group(2)): of a
            // write that nothing came after, which nobody was told of.
            guard position + length <= bytes.count else { return nil }
            defer { position += length + 1 }
            return .write(inode: number(1), offset: Int(number(2)), Array(bytes[position..<position + length]))
        case "move":
            return .move(from: number(1), to: number(2), isExchange: fields[3] == "exchange", fields[4], fields[5])
        case "link": return .link(inode: number(1), parent: number(2), fields[3])
        case "remove": return .remove(parent: number(1), fields[2])
        case "sync": return .sync(inode: number(1))
        case "sync-all": return .syncAll
        case "ack": return .acknowledged(Int(number(1)))
        default: return nil
        }
    }
}
