internal import CRapidJSON

/// Tells whether a text ends in the midst of JSON, as a file does that is being written, or that was cut off. It is given in
/// parts, one after the other, and not checked otherwise.
package struct JSONExtent: Sendable {
    private var state = crj_extent()

    /// Nothing of the text was given yet.
    package init() {}

    /// Takes the next part.
    package mutating func add(_ part: UnsafeRawBufferPointer) {
        guard let bytes = part.baseAddress else { return }
        crj_extent_add(&state, bytes.assumingMemoryBound(to: CChar.self), part.count)
    }

    /// Whether the text so far is empty, or ends inside an object, an array or a string, or has NUL bytes in it, as a file has
    /// where nothing was written.
    package var isCut: Bool { withUnsafePointer(to: state) { crj_extent_is_cut($0) != 0 } }

    /// Whether there is NaN or an infinity in it without quotes, as Python's `json.dump()` writes them.
    package var hasNonFinite: Bool { withUnsafePointer(to: state) { crj_extent_has_non_finite($0) != 0 } }

    /// Whether a whole text is cut.
    package static func isCut(_ text: UnsafeRawBufferPointer) -> Bool {
        var extent = JSONExtent()
        extent.add(text)
        return extent.isCut
    }
}
