package import RunMetadata

/// The writers, by type: the one list of types.
package struct WriterRegistry: Sendable {
    /// In order of registration.
    package let writers: [any MetadataWriter]
    private let byType: [MetadataType: any MetadataWriter]
    /// Makes the writer of a type that is not registered, if such types may be written.
    private let otherwise: (@Sendable (MetadataType) -> (any MetadataWriter)?)?

    /// Two writers want the same type.
    package struct Conflict: Error, CustomStringConvertible {
        package let type: MetadataType
        package var description: String { "the type \"\(type)\" has a writer already" }
    }

    /// Registers writers.
    /// - Parameter otherwise: makes the writer of any other type; nil: there are no others
    package init(
        _ writers: [any MetadataWriter], otherwise: (@Sendable (MetadataType) -> (any MetadataWriter)?)? = nil
    ) throws(Conflict) {
        var byType: [MetadataType: any MetadataWriter] = [:]
        for writer in writers where byType.updateValue(writer, forKey: writer.type) != nil {
            throw Conflict(type: writer.type)
        }
        self.writers = writers
        self.byType = byType
        self.otherwise = otherwise
    }

    /// The standard types.
    package static func standard(source: SourceWriter, names: NameLimits = NameLimits()) -> [any MetadataWriter] {
        [
            FlagsWriter(limit: names.columns), PropertiesWriter(limit: names.properties),
            MetricsWriter(limit: names.columns), EvaluationWriter(limit: names.columns), ErrorWriter(), source,
            OutputWriter(),
        ]
    }

    /// Whether a type that is not registered may be written.
    package var takesOtherTypes: Bool { otherwise != nil }

    package subscript(type: MetadataType) -> (any MetadataWriter)? { byType[type] ?? otherwise?(type) }
}
