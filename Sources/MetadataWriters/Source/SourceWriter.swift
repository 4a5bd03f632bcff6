internal import Glibc
internal import JSON
internal import Limits
package import LocalFiles
package import RunMetadata
package import RunStore
internal import Threads

/// Writes `source.tar.gz`: the source code of the run, every path below `source/`.
package struct SourceWriter: ArchiveWriting {
    package let type = MetadataType.source
    package let summary =
        "A tar, tar.gz or zip; files of a form; or {\"directory\": \"/path\"} for a directory on the server that "
        + "--source-root allows; replaces source.tar.gz."
    package let forms: [BodyForm] = [.archive, .multipart, .json, .form]
    package let document: StoredDocument? = .file(.source, mediaType: "application/gzip")

    /// Limits of an archive, a form or a directory.
    package struct Limits: Sendable {
        /// Bytes of all files, unpacked.
        package var bytes: Int
        /// Files and folders.
        package var entries = 100_000

        package init(bytes: Int) { self.bytes = bytes }

        /// A budget for one of them.
        var budget: Budget {
            Budget([
                Limit(.bytes, most: bytes, setting: "--max-upload"),
                Limit(.entries, most: entries, setting: "--max-entries"),
            ])
        }
    }

    private let roots: [String]
    private let limits: Limits
    private let script: @Sendable (RunTarget) -> RunScript?
    private let makeStagingFile: @Sendable () throws -> StagingFile
    /// Threads that check archives while they arrive, shared by all requests.
    private let surveys = Reserve(Limit(.entries, most: 4))

    /// - Parameters:
    ///   - roots: directories on the server from which source may be read
    ///   - limits: limits of an archive
    ///   - script: a run's property `script`; nil if it has none
    ///   - makeStagingFile: makes the file in which an archive is put together
    package init(
        roots: [String], limits: Limits, script: @escaping @Sendable (RunTarget) -> RunScript? = { _ in nil },
        makeStagingFile: @escaping @Sendable () throws -> StagingFile
    ) {
        self.roots = roots.compactMap(SourceDirectory.realPath)
        self.limits = limits
        self.script = script
        self.makeStagingFile = makeStagingFile
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        switch body {
        case .archive(let file, let reception):
            try fromArchive(file, reception as? EarlySurvey, request)
        case .files(let files): try fromFiles(files, request)
        case .json(let bytes): try fromDirectory(bytes, request)
        case .ndjson, .csv, .text, .raw:
            throw MetadataFault(.contentType(allowed: []), "source: this form of body cannot hold source")
        }
    }

    /// A survey that runs during the upload.
    private struct EarlySurvey: ArchiveReception {
        let job: BackgroundJob<SourceSurvey>
        var failure: (any Error)? { job.failure }
    }

    /// A gzip is checked while it arrives. In other archives, the last bytes may say what the archive holds. Only a few
    /// gzips are checked early at the same time, since each occupies a thread however slowly it arrives; the others are
    /// checked when they are complete.
    package func receive(_ file: StagingFile, beginning: [UInt8]) -> (any ArchiveReception)? {
        guard GzippedArchive.isGzip(beginning), let share = try? surveys.share() else { return nil }
        let limits = limits
        return EarlySurvey(
            job: BackgroundJob {
                defer { share.giveBack() }
                return try SourceSurvey(of: .arriving(file), budget: limits.budget)
            })
    }

    private func fromArchive(
        _ file: StagingFile, _ early: EarlySurvey?, _ request: WriteRequest
    ) throws -> [DataChange] {
        let isCancelled = request.isCancelled
        let survey =
            try early.map { try $0.job.result() }
            ?? SourceSurvey(of: .file(file.path), budget: limits.budget, isCancelled: isCancelled)
        let script = script(among: survey.scripts, request)
        guard script.needsCopy || !(survey.isGzippedTar && survey.isBelowSource) else {
            // It has tfruns' layout already, and is kept as it is.
            try file.finish()
            return publish(file, script)
        }
        let output = try pack(survey, script, isCancelled) { .file(file.path) }
        return publish(output, script)
    }

    /// Repacks the files of an archive, adding a copy of the script if it needs one.
    /// - Parameter archive: opens it
    private func pack(
        _ survey: SourceSurvey, _ script: SourceScript, _ isCancelled: @escaping () -> Bool,
        _ archive: () throws -> ArchiveReader.Archive
    ) throws -> StagingFile {
        let output = try makeStagingFile()
        let writer = try ArchiveWriter(path: output.path)
        /// Packs the files for which `path` is not nil.
        func pack(_ path: (String) -> String?) throws {
            try ArchiveReader.forEachEntry(of: archive(), budget: limits.budget, isCancelled: isCancelled) { entry in
                guard entry.isFile, let size = entry.size, let path = path(try survey.path(of: entry.path)) else {
                    return
                }
                try writer.begin(path, size: size, mode: entry.mode, modified: entry.modified)
                try entry.read { try writer.write($0) }
            }
        }
        try pack { $0 }
        if script.isAbsent {
            try Self.addAbsent(script, to: writer)
        } else if script.needsCopy {
            try pack { $0 == Self.path(script.path) ? Self.path(script.name) : nil }
        }
        try writer.finish()
        try output.finish()
        return output
    }

    /// Puts a run's script where `view_run()` looks for it in the run's stored source, if the script was named after
    /// the source was stored.
    /// - Parameters:
    ///   - script: the run's property `script`
    ///   - source: the source
    /// - Returns: empty if it is already there
    /// - Throws: a fault if the source cannot be read
    package func changes(
        placing script: String?, in source: any Blob, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> [DataChange] {
        let archive = ArchiveReader.Archive.blob(source)
        let survey = try SourceSurvey(of: archive, budget: limits.budget, isCancelled: isCancelled)
        let found = SourceScript(among: survey.scripts, given: script)
        let named = DataChange.script(found.property, among: found.files)
        if !found.needsCopy { return [named] }
        return [.publish(try pack(survey, found, isCancelled, { archive }), .source, over: source.version), named]
    }

    private func fromFiles(_ files: [UploadedFile], _ request: WriteRequest) throws -> [DataChange] {
        guard !files.isEmpty else {
            throw MetadataFault.shape(nil, "source: the form has no file; send files, as in curl -F file=@train.py")
        }
        let output = try makeStagingFile()
        let writer = try ArchiveWriter(path: output.path)
        let budget = limits.budget
        var names = SourceNames(budget: budget)
        for file in files {
            try Self.draw(file.name, size: file.size, from: budget)
            let name = try names.add(file.name)
            try writer.add(Self.path(name), contentsOf: file, mode: 0o644)
        }
        let script = script(among: names.files, request)
        if script.isAbsent { try Self.addAbsent(script, to: writer) }
        if script.needsCopy, let index = names.files.firstIndex(of: script.path) {
            try writer.add(Self.path(script.name), contentsOf: files[index], mode: 0o644)
        }
        try writer.finish()
        try output.finish()
        return publish(output, script)
    }

    private func fromDirectory(_ bytes: [UInt8], _ request: WriteRequest) throws -> [DataChange] {
        let object = try NamedList.read(.json(bytes), type: type)
        guard let path = object["directory"]?.string, object.count == 1 else {
            throw MetadataFault.shape(
                JSONPointer().appending("directory"),
                "source: in JSON, name a directory on the server as {\"directory\": \"/path\"}; or send an archive")
        }
        let budget = limits.budget
        let directory = try SourceDirectory(path, roots: roots)
        let output = try makeStagingFile()
        let writer = try ArchiveWriter(path: output.path)
        var names = SourceNames(budget: budget)
        let files = try directory.files(budget: budget)
        for file in files {
            let name = try names.add(file.name)
            try writer.add(Self.path(name), contentsOf: file.path, size: file.size, mode: file.mode)
        }
        if names.files.isEmpty {
            throw MetadataFault.shape(nil, "source: the directory \(path.shown()) has no files that are not hidden")
        }
        let script = script(among: names.files, request)
        if script.isAbsent { try Self.addAbsent(script, to: writer) }
        if script.needsCopy, let index = names.files.firstIndex(of: script.path) {
            let file = files[index]
            try writer.add(Self.path(script.name), contentsOf: file.path, size: file.size, mode: file.mode)
        }
        try writer.finish()
        try output.finish()
        return publish(output, script)
    }

    /// Adds the placeholder of a script that is not in the source.
    private static func addAbsent(_ script: SourceScript, to writer: ArchiveWriter) throws {
        try writer.begin(path(script.name), size: SourceScript.absent.count, mode: 0o644, modified: 0)
        try SourceScript.absent.withUnsafeBytes { try writer.write($0) }
    }

    /// Counts a file against a budget before it is read.
    static func draw(_ name: String, size: Int, from budget: Budget) throws(MetadataFault) {
        do throws(LimitExceeded) {
            try budget.take(of: .entries)
            try budget.take(size, of: .bytes)
        } catch { throw MetadataFault(.exceeded, "source: with \"\(name.shown())\" it is \(error)") }
    }

    /// The path in the archive of a file of the source.
    private static func path(_ name: String) -> String { "\(SourceNames.folder)/\(name)" }

    private func script(among files: [String], _ request: WriteRequest) -> SourceScript {
        let named = script(request.target)
        return SourceScript(among: files, given: named?.text, mayBeChosen: named?.mayBeChosen ?? false)
    }

    private func publish(_ file: StagingFile, _ script: SourceScript) -> [DataChange] {
        [.publish(file, .source), .script(script.property, among: script.files)]
    }

    /// The script of a run according to its source alone: the only file, else `train.*`, else `main.*`, else the first
    /// by name; of several, the least deep.
    static func script(among files: [String]) -> String {
        let sorted = files.sorted {
            let (one, other) = ($0.split(separator: "/").count, $1.split(separator: "/").count)
            return one != other ? one < other : $0 < $1
        }
        for stem in ["train.", "main."] {
            if let found = sorted.first(where: { $0.split(separator: "/").last?.hasPrefix(stem) == true }) {
                return found
            }
        }
        return files.min() ?? ""
    }
}
