import ArgumentParser
import Glibc
import LocalFiles
import MetadataWriters
import RunMetadata
import RunStore

/// The folder of writers of custom types.
struct WriterOptions: ParsableArguments {
    private static let otherwise = "./writers"

    @Option(
        help: ArgumentHelp(
            "The folder with writers of custom types: executables, descriptions; default: ./writers, if it exists. "
                + "[env: RUNDIR_WRITERS]", valueName: "path"))
    var writers: String?

    @Flag(
        help: ArgumentHelp(
            "Accept any unregistered type as a folder: an archive or files of a form, which become files of the run. "
                + "[env: RUNDIR_CUSTOM_FOLDERS, true or false]"))
    var customFolders = Environment.flag("RUNDIR_CUSTOM_FOLDERS")

    /// The folder; nil if none was named and the default does not exist.
    var folder: String? {
        if let named = writers ?? Environment.text("RUNDIR_WRITERS") { return named }
        return access(Self.otherwise, F_OK) == 0 ? Self.otherwise : nil
    }

    /// The standard types and those in the folder.
    func registry(store: any RunStore, scratch: Scratch, options: ServeOptions) throws -> WriterRegistry {
        var limits = SourceWriter.Limits(bytes: options.maxUpload)
        limits.entries = options.maxEntries
        let source = SourceWriter(
            roots: options.sourceRoots, limits: limits, script: { store.script(of: $0) },
            makeStagingFile: { try scratch.makeFile() })
        let context = FolderWriter.Context(store: store, scratch: scratch, limits: limits)
        return try registry(source: source, context, names: options.names)
    }

    /// The same, with a writer of source.
    func registry(
        source: SourceWriter, _ context: FolderWriter.Context, names: NameLimits = NameLimits()
    ) throws -> WriterRegistry {
        let custom = try folder.map { try WritersFolder.load($0, context) } ?? []
        return try WriterRegistry(
            WriterRegistry.standard(source: source, names: names) + custom,
            otherwise: customFolders ? FolderWriter.ofAnyType(context) : nil)
    }
}
