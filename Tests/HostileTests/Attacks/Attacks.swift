import Glibc
import TestSupport

extension Attack {
    /// All of them, in the order in which they are made.
    static var all: [Attack] {
        get throws {
            try framing + targets + browsers + documents + rows + forms + packed + Archives().attacks + neighbours
                + crowds
        }
    }

    /// A text that stands `count` times.
    static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
}
