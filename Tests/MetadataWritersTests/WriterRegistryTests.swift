import MetadataWriters
import RunMetadata
import Testing

@Suite struct WriterRegistryTests {
    @Test func registryFindsWritersByTypeAndKeepsTheirOrder() throws {
        let registry = try WriterRegistry([FlagsWriter(), ErrorWriter(), MetricsWriter()])
        #expect(registry.writers.map(\.type) == [.flags, .error, .metrics])
        #expect(registry[.error] is ErrorWriter)
        #expect(registry[.source] == nil)
    }

    @Test func secondWriterOfATypeIsAConflict() {
        let conflict = #expect(throws: WriterRegistry.Conflict.self) {
            _ = try WriterRegistry([FlagsWriter(), ErrorWriter(), FlagsWriter()])
        }
        #expect(conflict?.type == .flags)
        #expect(conflict?.description == "the type \"flags\" has a writer already")
    }

    @Test func everyStandardTypeHasAWriterWithASummaryAndAForm() throws {
        let source = SourceWriter(roots: [], limits: .init(bytes: 1)) { throw CancellationError() }
        let registry = try WriterRegistry(WriterRegistry.standard(source: source))
        let types: [MetadataType] = [.flags, .properties, .metrics, .evaluation, .error, .source, .output]
        #expect(registry.writers.map(\.type) == types)
        for writer in registry.writers {
            #expect(writer.summary.hasSuffix("."))
            #expect(!writer.forms.isEmpty && writer.document != nil)
            #expect(writer.forms.allSatisfy { !$0.mediaTypes.isEmpty })
        }
        #expect(
            registry.writers.filter { $0 is any PatchableWriter }.map(\.type) == [.flags, .properties, .evaluation])
    }
}
