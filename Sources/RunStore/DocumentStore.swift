internal import RunMetadata

/// A store that also keeps small documents which belong to no run, such as a list of experiments.
///
/// Reads and writes block.
package protocol DocumentStore: Sendable {
    /// A document's bytes; nil if there is none.
    func document(_ name: DocumentName) throws(StoreError) -> [UInt8]?

    /// Replaces a document if it is still as it was read. Durable when it returns.
    /// - Parameters:
    ///   - old: what was read; nil: there was none
    ///   - new: the new content
    /// - Returns: false if the document has changed meanwhile: read it again
    func replace(_ name: DocumentName, _ old: [UInt8]?, by new: [UInt8]) throws(StoreError) -> Bool
}

/// The name of a document: the characters of a type of metadata, so that it is a safe path component.
package struct DocumentName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static let mlflowExperiments = DocumentName("mlflow-experiments")!

    /// Nil if `text` is not a name.
    package init?(_ text: String) {
        guard MetadataType(text) != nil else { return nil }
        description = text
    }
}
