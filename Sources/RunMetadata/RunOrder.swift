internal import Limits

/// By which columns runs are listed: `eval_acc`, `-eval_acc,start`, with names in backticks where they have a comma;
/// in backticks, two backticks are one.
///
/// Ascending unless a name has a minus sign or the whole is descending. What is missing comes last in both directions, as R's
/// `order()` has it; runs that are equal come newest first, and those of one time by id, backwards.
package struct RunOrder: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package let column: RunColumnName
        package let isDescending: Bool
    }

    package let keys: [Key]

    /// Newest first.
    package static let newestFirst = RunOrder(keys: [])

    private init(keys: [Key]) { self.keys = keys }

    /// Reads a list of columns.
    package init(_ text: String, descending: Bool = false) throws(RunQueryFault) {
        keys = try RunColumnName.list(text, parameter: "order", atMost: Self.mostColumns, signed: true).map {
            name, isNegative in
            Key(column: name, isDescending: isNegative || descending)
        }
    }

    /// Columns that an order may name.
    package static let mostColumns = 32

    /// The order as text, for a cursor to say to which it belongs.
    var text: String {
        keys.map { ($0.isDescending ? "-" : "") + $0.column.name }.joined(separator: ",")
    }
}

extension RunColumnName {
    /// Reads a list of names, parted by commas.
    /// - Parameters:
    ///   - most: how many there may be
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
                    "\(parameter): there is no column at byte \(start); write names parted by commas")
            }
            do throws(LimitExceeded) { try budget.take(of: .columns) } catch {
                throw RunQueryFault(parameter, at: start, "\(parameter): \(error) at byte \(start)")
            }
            found.append((RunColumnName(String(decoding: name, as: UTF8.self), at: start), isNegative))
            while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
            if position == bytes.count { return found }
            guard bytes[position] == UInt8(ascii: ",") else {
                throw RunQueryFault(parameter, at: position, "\(parameter): a comma has to follow at byte \(position)")
            }
            position += 1
        }
    }

    /// The name at a place, which goes on behind it: up to a comma, or what is in backticks, where two of them are one of the
    /// name's.
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
