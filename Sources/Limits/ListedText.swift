extension StringProtocol {
    /// The text, or its beginning where it is long, as a message names what was sent or stored.
    /// - Parameter most: bytes that are told
    package func excerpt(atMost most: Int = 100) -> String {
        if utf8.count <= most { return String(self) }
        var (end, count) = (startIndex, 0)
        for index in unicodeScalars.indices {
            count += UTF8.width(unicodeScalars[index])
            if count > most { break }
            end = unicodeScalars.index(after: index)
        }
        return self[..<end] + "…"
    }
}

extension Collection where Element: StringProtocol {
    /// The first few of many names, and how many more there are: `a, b and 7 more`.
    package func listed(atMost most: Int = 10) -> String {
        let told = prefix(most).map { $0.excerpt() }.joined(separator: ", ")
        return count > most ? "\(told) and \(count - most) more" : told
    }
}
