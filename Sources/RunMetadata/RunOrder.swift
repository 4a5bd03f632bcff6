internal import Limits

/// The columns that runs are sorted by: `eval_acc`, `-eval_acc,start`. Names with a comma are written in backticks;
/// inside, two backticks are one.
///
/// Ascending unless a name has a minus sign or the whole order is descending. Missing values come last in both
/// directions, as in R's `order()`. Equal runs come newest first, and those with the same start by id, descending.
package struct RunOrder: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package let column: RunColumnName
        package let isDescending: Bool
    }

    package let keys: [Key]

    /// Newest first.
    package static let newestFirst = RunOrder(keys: [])

    private init(keys: [Key]) { self.keys = keys }

    /// An order by these columns.
    package init(_ columns: [(name: String, isDescending: Bool)]) {
        keys = columns.map { Key(column: RunColumnName($0.name), isDescending: $0.isDescending) }
    }

    /// Reads a list of columns.
    package init(_ text: String, descending: Bool = false) throws(RunQueryFault) {
        keys = try RunColumnName.list(text, parameter: "order", atMost: Self.mostColumns, signed: true).map {
            name, isNegative in
            Key(column: name, isDescending: isNegative || descending)
        }
    }

    /// The most columns that an order may name.
    package static let mostColumns = 32

    /// The order as text. A cursor names its order by it.
    var text: String {
        keys.map { ($0.isDescending ? "-" : "") + $0.column.name }.joined(separator: ",")
    }
}

extension RunColumnName {
    /// Reads a list of names, separated by commas.
    /// - Parameters:
    ///   - most: the most names
    ///   - signed: whether a name may have a minus sign
    package static func list(
        _ text: String, parameter: String, atMost most: Int = 1000, signed: Bool = false
    ) throws(RunQueryFault) -> [(RunColumnName, isNegative: Bool)] {
        var found: [(RunColumnName, isNegative: Bool)] = []
        let bytes = Array(text.utf8)
        var position = 0
        let budget = Budget([Limit(.columns, most: most)])
        while true {
            while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
            let isNegative = signed && position < bytes.count && bytes[position] == UInt8(ascii: "-")
            if isNegative { position += 1 }
            let start = position
            let name = takeName(bytes, &position)
            if name.isEmpty {
                throw RunQueryFault(
                    parameter, at: start,
                    "\(parameter): no column name at byte \(start); write names separated by commas")
            }
            do throws(LimitExceeded) { try budget.take(of: .columns) } catch {
                throw RunQueryFault(parameter, at: start, "\(parameter): \(error) at byte \(start)")
            }
            found.append((RunColumnName(String(decoding: name, as: UTF8.self), at: start), isNegative))
            while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
            if position == bytes.count { return found }
            guard bytes[position] == UInt8(ascii: ",") else {
                throw RunQueryFault(parameter, at: position, "\(parameter): expected a comma at byte \(position)")
            }
            position += 1
        }
    }

    /// Takes the name at `position` and moves behind it. The name ends at a comma, or is in backticks; inside, two
    /// backticks are one.
    private static func takeName(_ bytes: [UInt8], _ position: inout Int) -> [UInt8] {
        let (backtick, comma) = (UInt8(ascii: "`"), UInt8(ascii: ","))
        var name: [UInt8] = []
        guard position < bytes.count, bytes[position] == backtick else {
            name = Array(bytes[position...].prefix { $0 != comma })
            position += name.count
            while name.last == UInt8(ascii: " ") { name.removeLast() }
            return name
        }
        position += 1
        while position < bytes.count {
            if bytes[position] == backtick {
                position += 1
                guard position < bytes.count, bytes[position] == backtick else { break }
            }
            name.append(bytes[position])
            position += 1
        }
        return name
    }
}
