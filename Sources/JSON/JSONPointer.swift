/// The path to a value inside a document (RFC 6901), to name it in an error: `/rows/3/loss`. Empty for the whole.
package struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The pointer as text, `~` written as `~0` and `/` as `~1`.
    package private(set) var description = ""

    /// The whole document.
    package init() {}

    /// The member `name` of what this points to.
    package func appending(_ name: String) -> JSONPointer {
        var longer = self
        longer.append(name)
        return longer
    }

    /// The element at `index`, counted from 0, of what this points to.
    package func appending(_ index: Int) -> JSONPointer {
        appending(String(index))
    }

    /// The value that `rest` points to within what this points to.
    package func appending(_ rest: JSONPointer) -> JSONPointer {
        var longer = self
        longer.description += rest.description
        return longer
    }

    /// Descends to the member `name`.
    package mutating func append(_ name: String) {
        description.append("/")
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": description.append("~0")
            case "/": description.append("~1")
            default: description.unicodeScalars.append(scalar)
            }
        }
    }
}
