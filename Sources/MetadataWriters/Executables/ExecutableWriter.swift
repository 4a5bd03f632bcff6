internal import CContainment
internal import JSON
package import LocalFiles
package import RunMetadata
package import RunStore

/// A type whose metadata is written by an executable, in any language. It gets the path of a `data_dir` as its argument
/// and the body on its standard input; the files that it makes in `data_dir` become the run's.
package struct ExecutableWriter: SlowWriter {
    package let type: MetadataType
    package let forms: [BodyForm] = [.raw]
    package let readsRequest = true
    let executable: String
    let settings: ExecutableSettings
    let store: any RunStore
    let scratch: Scratch

    package var summary: String { settings.summary }
    package var rawTypes: [String] { settings.contentTypes }
    package var limit: Int? { settings.maxBytes }

    /// The folder named after the type, which is published as a whole.
    private var folder: DataPath? { DataPath(type.description) }
    package var document: StoredDocument? { folder.map { .folder($0) } }

    /// Set up once per process.
    private static let isPrepared: Bool = {
        ccontainment_adopt_orphans()
        return true
    }()

    package init(
        type: MetadataType, executable: String, settings: ExecutableSettings, store: any RunStore, scratch: Scratch
    ) {
        (self.type, self.executable, self.settings) = (type, executable, settings)
        (self.store, self.scratch) = (store, scratch)
    }

    /// Whether the kernel can prevent an executable from writing elsewhere (landlock(7)).
    package static var isConfined: Bool { ccontainment_landlock() > 0 }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        guard case .raw(let file) = body else {
            throw MetadataFault(.contentType(allowed: rawTypes), "\(type): the type does not take this form of body")
        }
        let staging = try scratch.makeFolder()
        let output = try run(input: file, request, in: staging)
        return try OutputPublication(type: type, store: store).changes(output, of: staging, for: request.target)
    }

    /// Runs the executable and checks its output.
    func run(input: StagingFile, _ request: WriteRequest, in staging: StagingFolder) throws -> WriterOutput {
        _ = Self.isPrepared
        for name in [OutputPublication.folder, Self.temporaryName] { try staging.makeFolder(name) }
        let data = "\(staging.path)/\(OutputPublication.folder)"
        let program = ContainedProgram(
            path: executable, argument: data, environment: try environment(input, request, staging),
            workingDirectory: data, writable: staging.path, settings: settings, isCancelled: request.isCancelled)
        let (ending, lines): (ContainedProgram.Ending, LastLines)
        do throws(ContainedProgram.StartFailure) { (ending, lines) = try program.run(input: input.path) } catch {
            throw WriterFailure.notStarted(type, reason: error.reason)
        }
        switch ending {
        case .exited(0): break
        case .exited(let status):
            throw WriterFailure.ended(type, how: "ended with status \(status)", lastLines: lines.text)
        case .killed(let signal):
            throw WriterFailure.ended(type, how: "was killed by signal \(signal)", lastLines: lines.text)
        case .overTime: throw WriterFailure.overTime(type, seconds: settings.timeLimit)
        case .overSize(let reason): throw WriterFailure.overSize(type, reason: reason)
        case .cancelled: throw WriterFailure.stopping
        }
        do throws(WriterOutput.Fault) { return try WriterOutput(data, settings: settings) } catch {
            throw WriterFailure.output(type, reason: error.reason)
        }
    }

    private static let temporaryName = DataPath("tmp")!

    private func environment(
        _ input: StagingFile, _ request: WriteRequest, _ staging: StagingFolder
    ) throws -> [(String, String)] {
        var query = JSONObject()
        for (name, value) in request.query {
            switch query[name] {
            case nil: query[name] = .string(value)
            case .array(let values): query[name] = .array(values + [.string(value)])
            case .some(let first): query[name] = .array([first, .string(value)])
            }
        }
        let temporary = "\(staging.path)/\(Self.temporaryName)"
        return [
            ("RUN_ID", try store.resolve(request.target)?.description ?? ""),
            ("METADATA_TYPE", type.description),
            ("CONTENT_TYPE", request.contentType),
            ("CONTENT_LENGTH", "\(input.size)"),
            ("RUNDIR_QUERY", String(decoding: JSONWriter.compact(.object(query)), as: UTF8.self)),
            // Without metadata, an empty folder.
            ("RUNDIR_CURRENT", try store.localMetadata(of: request.target, in: staging)?.path ?? temporary),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", temporary), ("TMPDIR", temporary), ("LANG", "C.UTF-8"),
        ]
    }
}
