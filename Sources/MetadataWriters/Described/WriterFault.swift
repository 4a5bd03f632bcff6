/// A fault that prevents a writer from being registered: the file, the line, and the reason.
package struct WriterFault: Error, Equatable, CustomStringConvertible {
    /// The file's name in the writers folder.
    package let file: String
    /// The line, from 1; nil if the fault concerns the whole file.
    package let line: Int?
    package let reason: String

    package init(_ file: String, line: Int? = nil, _ reason: String) {
        (self.file, self.line, self.reason) = (file, line, reason)
    }

    package var description: String { line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)" }
}
