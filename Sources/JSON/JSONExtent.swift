internal import CRapidJSON

/// Tells whether a text ends in the middle of a JSON value, as a file that is being written or was truncated does. The
/// text is given in parts, in order, and not otherwise checked.
package struct JSONExtent: Sendable {
    private var state = crj_extent()

    /// At the start of the text.
    package init() {}

    /// Takes the next part.
    package mutating func add(_ part: UnsafeRawBufferPointer) {
        guard let bytes = part.baseAddress else { return }
        crj_extent_add(&state, bytes.assumingMemoryBound(to: CChar.self), part.count)
    }

    /// Whether the text so far is empty, ends inside an object, an array or a string, or has NUL bytes, as unwritten
    /// parts of a file do.
    package var isCut: Bool { withUnsafePointer(to: state) { crj_extent_is_cut($0) != 0 } }

    /// Whether it has NaN or an infinity without quotes, as Python's `json.dump()` writes them.
    package var hasNonFinite: Bool { withUnsafePointer(to: state) { crj_extent_has_non_finite($0) != 0 } }

    /// Whether a whole text is cut.
    package static func isCut(_ text: UnsafeRawBufferPointer) -> Bool {
        var extent = JSONExtent()
        extent.add(text)
        return extent.isCut
    }
}
