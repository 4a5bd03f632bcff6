/// The difference of two texts, line by line, as `diff -u` writes it.
package struct UnifiedDiff: Sendable {
    /// The hunks; empty if the texts are the same.
    package let hunks: String
    /// Whether it may not be the shortest difference, because finding that one would have taken too much time and
    /// memory.
    package let isCoarse: Bool
    /// The number of edits of the shortest difference. Time and memory grow with its square. 0 if the difference is
    /// coarse.
    package let edits: Int

    /// Lines of context around a change.
    private static let context = 3

    /// Compares texts.
    /// - Parameter edits: the most lines removed and added for which the shortest difference is searched. (Myers'
    ///   algorithm, used by Swift's `difference(from:)`, takes memory by the square of it.)
    package init(from old: [UInt8], to new: [UInt8], edits limit: Int = 3000) {
        let (old, new) = (Self.lines(old), Self.lines(new))
        var numbers: [ArraySlice<UInt8>: Int] = [:]
        func number(_ line: ArraySlice<UInt8>) -> Int {
            if let known = numbers[line] { return known }
            numbers[line] = numbers.count
            return numbers.count - 1
        }
        let (one, other) = (old.map(number), new.map(number))
        let start = zip(one, other).prefix { $0 == $1 }.count
        let end = zip(one.dropFirst(start).reversed(), other.dropFirst(start).reversed()).prefix { $0 == $1 }.count
        let (middle, newMiddle) = (one[start..<one.count - end], other[start..<other.count - end])
        let most = Self.mostEdits(Array(middle), Array(newMiddle))
        isCoarse = most > limit
        edits = isCoarse ? 0 : most
        var isRemoved = [Bool](repeating: false, count: one.count)
        var isAdded = [Bool](repeating: false, count: other.count)
        if isCoarse {
            for index in middle.indices { isRemoved[index] = true }
            for index in newMiddle.indices { isAdded[index] = true }
        } else {
            for change in Array(newMiddle).difference(from: Array(middle)) {
                switch change {
                case .remove(let offset, _, _): isRemoved[start + offset] = true
                case .insert(let offset, _, _): isAdded[start + offset] = true
                }
            }
        }
        hunks = Self.render(Self.changes(isRemoved, isAdded), old, new)
    }

    /// The lines, each with the newline that ends it.
    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(text[start...end])
            start = end + 1
        }
        if start < text.count { lines.append(text[start...]) }
        return lines
    }

    /// An upper bound for the lines that the shortest difference removes and adds: all lines except those that are
    /// unique in both texts and in the same order (the longest increasing subsequence of their places).
    private static func mostEdits(_ old: [Int], _ new: [Int]) -> Int {
        var places: [Int: (old: Int?, new: Int?)] = [:]
        func note(_ lines: [Int], _ set: (inout (old: Int?, new: Int?), Int) -> Bool) {
            var repeated: Set<Int> = []
            for (index, line) in lines.enumerated() {
                if !set(&places[line, default: (nil, nil)], index) { repeated.insert(line) }
            }
            for line in repeated { places[line] = (-1, -1) }
        }
        note(old) { place, index in
            defer { place.old = index }
            return place.old == nil
        }
        note(new) { place, index in
            defer { place.new = index }
            return place.new == nil
        }
        let common = places.values.compactMap { place -> (Int, Int)? in
            guard let old = place.old, let new = place.new, old >= 0 else { return nil }
            return (old, new)
        }
        var ends: [Int] = []
        for (_, place) in common.sorted(by: { $0.0 < $1.0 }) {
            let index = ends.partitioningIndex { $0 >= place }
            if index == ends.count { ends.append(place) } else { ends[index] = place }
        }
        return old.count + new.count - 2 * ends.count
    }

    /// Lines removed, and the lines that replace them.
    private struct Change {
        var old: Range<Int>
        var new: Range<Int>
    }

    private static func changes(_ isRemoved: [Bool], _ isAdded: [Bool]) -> [Change] {
        var changes: [Change] = []
        var (old, new) = (0, 0)
        while old < isRemoved.count || new < isAdded.count {
            let (oldStart, newStart) = (old, new)
            while old < isRemoved.count, isRemoved[old] { old += 1 }
            while new < isAdded.count, isAdded[new] { new += 1 }
            if old > oldStart || new > newStart {
                changes.append(Change(old: oldStart..<old, new: newStart..<new))
            } else {
                (old, new) = (old + 1, new + 1)
            }
        }
        return changes
    }

    private static func render(
        _ changes: [Change], _ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]
    ) -> String {
        var text: [UInt8] = []
        func put(_ mark: Character, _ line: ArraySlice<UInt8>) {
            text += Array(String(mark).utf8) + line
            if line.last != UInt8(ascii: "\n") { text += Array("\n\\ No newline at end of file\n".utf8) }
        }
        var rest = changes[...]
        while let first = rest.first {
            // Changes that are close together become one hunk.
            var hunk = [first]
            rest = rest.dropFirst()
            while let next = rest.first, let last = hunk.last,
                next.old.lowerBound - last.old.upperBound <= 2 * context
            {
                hunk.append(next)
                rest = rest.dropFirst()
            }
            let last = hunk[hunk.count - 1]
            let before = min(context, first.old.lowerBound)
            let after = min(context, old.count - last.old.upperBound)
            let oldLines = first.old.lowerBound - before..<last.old.upperBound + after
            let newLines = first.new.lowerBound - before..<last.new.upperBound + after
            text += Array("@@ -\(place(oldLines)) +\(place(newLines)) @@\n".utf8)
            var line = oldLines.lowerBound
            for change in hunk {
                for index in line..<change.old.lowerBound { put(" ", old[index]) }
                for index in change.old { put("-", old[index]) }
                for index in change.new { put("+", new[index]) }
                line = change.old.upperBound
            }
            for index in line..<oldLines.upperBound { put(" ", old[index]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Lines as a hunk header names them: the first line, from 1, and the count. Without lines: the line before.
    private static func place(_ lines: Range<Int>) -> String {
        switch lines.count {
        case 0: "\(lines.lowerBound),0"
        case 1: "\(lines.lowerBound + 1)"
        default: "\(lines.lowerBound + 1),\(lines.count)"
        }
    }
}

extension [Int] {
    /// The first index whose element satisfies the predicate, if all after it do.
    fileprivate func partitioningIndex(_ isAfter: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
