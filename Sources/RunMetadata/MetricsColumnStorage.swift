internal import JSON

/// A metric's values in their own memory, by position of arrival. There are fewer than the table has rows if the last
/// rows lack the metric. The table that owns the memory frees it.
struct MetricsColumnStorage {
    /// The name as it is written in rows: in quotes, with a colon.
    let member: UnsafeMutablePointer<UInt8>
    let memberLength: Int
    let role: MetricsColumnRole
    /// Whether its values are read.
    let isRead: Bool
    private(set) var values: UnsafeMutablePointer<Double>
    private(set) var count = 0
    private(set) var capacity: Int

    init(name: UnsafeRawBufferPointer, isRead: Bool = true, capacity: Int) {
        self.isRead = isRead
        let text = Self.member(of: name)
        memberLength = text.count
        member = .allocate(capacity: text.count)
        member.initialize(from: text, count: text.count)
        role = MetricsColumnRole(name)
        self.capacity = max(capacity, 16)
        values = .allocate(capacity: self.capacity)
    }

    /// A name as it is written in rows: in quotes, with a colon.
    static func member(of name: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        JSONWriter.append(stringUTF8: name, to: &text)
        text.append(UInt8(ascii: ":"))
        return text
    }

    static func member(of name: String) -> [UInt8] {
        Array(name.utf8).withUnsafeBytes { member(of: $0) }
    }

    func free() {
        member.deallocate()
        values.deallocate()
    }

    @inline(__always)
    mutating func set(_ value: Double, row: Int) {
        if row == count, row < capacity {
            values[row] = value
            count += 1
            return
        }
        setAnywhere(value, row)
    }

    private mutating func setAnywhere(_ value: Double, _ row: Int) {
        if row < count {
            values[row] = value
            return
        }
        if row >= capacity { grow(by: growth(to: row + 1) / 8) }
        while count < row {
            values[count] = MetricsTable.missing
            count += 1
        }
        values[row] = value
        count += 1
    }

    /// The bytes to allocate so that `needed` values fit.
    func growth(to needed: Int) -> Int { (max(capacity + capacity / 2, needed) - capacity) * 8 }

    private mutating func grow(by more: Int) {
        capacity += more
        let grown = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
        grown.update(from: values, count: count)
        values.deallocate()
        values = grown
    }
}
