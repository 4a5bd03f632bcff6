import ArgumentParser
import MetadataWriters
import RunStore

/// `rundir types`.
struct Types: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the registered types and what each takes.")

    func run() throws {
        let source = SourceWriter(roots: [], limits: SourceWriter.Limits(bytes: 0)) { throw StoreError.stopping }
        for writer in try WriterRegistry(WriterRegistry.standard(source: source)).writers {
            print("\(writer.type): \(writer.summary)")
            print("    takes \(writer.forms.compactMap(\.mediaTypes.first).joined(separator: ", "))")
        }
    }
}
