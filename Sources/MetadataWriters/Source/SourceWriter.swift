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

    /// What an archive, a form or a directory may hold.
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
    /// Threads that look through archives while they come, for all requests together.
    private let surveys = Reserve(Limit(.entries, most: 4))

    /// - Parameters:
    ///   - roots: directories on the server from which source may be taken
    ///   - limits: what an archive may hold
    ///   - script: what a run says is its script; nil where it says nothing
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
            throw MetadataFault(.contentType(allowed: []), "source: this form of body holds no source")
        }
    }

    /// A survey that goes along with the upload.
    private struct EarlySurvey: ArchiveReception {
        let job: BackgroundJob<SourceSurvey>
        var failure: (any Error)? { job.failure }
    }

    /// A gzip is looked through while it comes; of other archives the last bytes may say what is in them. Of many gzips at
    /// once only some are: a thread waits for each, however slowly it comes. The others are looked through at their end.
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
            // As tfruns writes it: kept as it came.
            try file.finish()
            return publish(file, script)
        }
        let output = try pack(survey, script, isCancelled) { .file(file.path) }
        return publish(output, script)
    }

    /// Packs the files of an archive anew, with a copy of the script where it needs one.
    /// - Parameter archive: opens it
    private func pack(
        _ survey: SourceSurvey, _ script: SourceScript, _ isCancelled: @escaping () -> Bool,
        _ archive: () throws -> ArchiveReader.Archive
    ) throws -> StagingFile {
        let output = try makeStagingFile()
        let writer = try ArchiveWriter(path: output.path)
        /// Packs the files that are given a path.
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

    /// Puts a run's script where `view_run()` looks for it in source that the run has: the script was named after the source
    /// had come.
    /// - Parameters:
    ///   - script: what the run says is its script
    ///   - source: the source
    /// - Returns: none where it is there already
    /// - Throws: a fault where the source is none that can be read
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
            throw MetadataFault.shape(nil, "source: the form holds no file; send files, as in curl -F file=@train.py")
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
                "source: as JSON, send {\"directory\": \"/path\"} with a directory on the server, or send an archive")
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
            throw MetadataFault.shape(nil, "source: the directory \(path.shown()) holds no file that is not hidden")
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

    /// Adds what stands in the place of a script that the source does not have.
    private static func addAbsent(_ script: SourceScript, to writer: ArchiveWriter) throws {
        try writer.begin(path(script.name), size: SourceScript.absent.count, mode: 0o644, modified: 0)
        try SourceScript.absent.withUnsafeBytes { try writer.write($0) }
    }

    /// Draws a file from a budget before it is read.
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

    /// The script of a run whose source is all that tells: the only file, else `train.*`, else `main.*`, else the first by
    /// name; of several, the one least deep.
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
