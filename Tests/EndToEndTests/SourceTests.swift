import JSON
import TestSupport
import Testing

/// Source in every form that is taken, and which file becomes the run's script.
@Suite struct SourceTests {
    private static let files = ["train.py": "import lib.net\n", "lib/net.py": "layers = 3\n", "README": "How to run\n"]

    private let folder = TemporaryFolder()
    private let project = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        for (name, text) in Self.files { project.write("code/\(name)", text) }
        server = try Server(runs: folder.path, "--source-root", "\(project.path)/code", "--max-upload", "2000000")
        client = try server.connect()
        #expect(try client.send("PUT", "/runs/run").status == 201)
    }

    /// How an archive is made, and as what it is sent.
    enum Form: String, CaseIterable, CustomTestStringConvertible {
        case tar = "tar c -C code ."
        case tarOfNames = "tar c -C code train.py lib README"
        case gzippedTar = "tar cz -C code train.py lib README"
        case tarOfSource = "tar c --transform s,^code,source, code"
        case gzippedTarOfSource = "tar cz --transform s,^code,source, code"
        case pax = "tar c --format=pax -C code train.py lib README"
        case zip = "python3 -c zip"
        case storedZip = "python3 -c stored zip"

        var testDescription: String { rawValue }

        var mediaType: String {
            switch self {
            case .tar, .tarOfNames, .tarOfSource, .pax: "application/x-tar"
            case .gzippedTar, .gzippedTarOfSource: "application/gzip"
            case .zip, .storedZip: "application/zip"
            }
        }

        func archive(in project: TemporaryFolder) throws -> [UInt8] {
            switch self {
            case .zip, .storedZip:
                let kind = self == .zip ? "ZIP_DEFLATED" : "ZIP_STORED"
                return try Command.python(
                    """
                    import io, os, sys, zipfile
                    out = io.BytesIO()
                    with zipfile.ZipFile(out, "w", zipfile.\(kind)) as archive:
                        for name in ["train.py", "lib/net.py", "README"]:
                            archive.write(os.path.join("code", name), name)
                    sys.stdout.buffer.write(out.getvalue())
                    """, directory: project.path)
            default:
                let command = try Command(
                    arguments: rawValue.split(separator: " ").map(String.init), directory: project.path)
                #expect(command.ending == .exited(0), "\(command.errors)")
                return command.output
            }
        }
    }

    @Test("An archive becomes source.tar.gz below source/", arguments: Form.allCases)
    func archiveBecomesSourceBelowSource(form: Form) throws {
        try expectUpload(form.archive(in: project), form.mediaType)
        // The same as curl --data-binary says it.
        try expectUpload(form.archive(in: project), "application/x-www-form-urlencoded")
        try expectUpload(form.archive(in: project), "application/octet-stream")
        try expectSource(Self.files)
        #expect(try script() == "train.py")
    }

    @Test func filesOfAFormBecomeSource() throws {
        #expect(try sendForm(Self.files.map { ($0.key, $0.value) }).status == 201)
        try expectSource(Self.files)
        #expect(try script() == "train.py")
    }

    @Test func fileThatIsLargerThanABufferComesThroughAForm() throws {
        let text = (0..<90_000).map { "line \($0)\n" }.joined()
        #expect(try sendForm([("big.txt", text), ("small.txt", "small\n")]).status == 201)
        try expectSource(["big.txt": text, "small.txt": "small\n"])
    }

    @Test func directoryOnTheServerBecomesSource() throws {
        project.write("code/.git/config", "hidden\n")
        let reply = try client.sendJSON("POST", target, "{\"directory\": \"\(project.path)/code\"}")
        #expect(reply.status == 201, "\(reply.text)")
        try expectSource(Self.files)
        #expect(try client.sendJSON("POST", target, "{\"directory\": \"\(project.path)/code/lib\"}").status == 201)
        try expectSource(["net.py": "layers = 3\n"])
    }

    @Test("A directory that --source-root does not allow is 403", arguments: ["..", "/etc", "../code2", "out", "none"])
    func directoryOutsideTheRootsIsForbidden(path: String) throws {
        project.write("code2/secret.py", "secret\n")
        try Command.succeed("ln", "-s", "\(project.path)/code2", "\(project.path)/code/out")
        let directory = path.hasPrefix("/") ? path : "\(project.path)/code/\(path)"
        let problem = expectProblem(try client.sendJSON("POST", target, "{\"directory\": \"\(directory)\"}"), 403)
        #expect(problem["detail"]?.string?.contains("source-root") == true)
        #expect(server.file("source.tar.gz", of: "run") == nil)
    }

    @Test func linkOutOfTheRootsInADirectoryIsForbidden() throws {
        project.write("code2/secret.py", "secret\n")
        try Command.succeed("ln", "-s", "\(project.path)/code2/secret.py", "\(project.path)/code/mine.py")
        let problem = expectProblem(
            try client.sendJSON("POST", target, "{\"directory\": \"\(project.path)/code\"}"), 403)
        #expect(problem["detail"]?.string?.contains("mine.py") == true)
        #expect(server.file("source.tar.gz", of: "run") == nil)
    }

    @Test func laterSourceReplacesAnEarlierOne() throws {
        #expect(try sendForm([("old.py", "old\n")]).status == 201)
        #expect(try sendForm([("new.py", "new\n")]).status == 201)
        try expectSource(["new.py": "new\n"])
        #expect(DirectoryTree("\(folder.path)/.rundir/staging").entries.isEmpty)
    }

    @Test func sourceOfARunThatIsPendingIsPublishedWithIt() throws {
        let archive = try Form.gzippedTar.archive(in: project)
        let reply = try client.send("POST", "/runs/later/metadata/source", type: "application/gzip", body: archive)
        #expect(reply.status == 202)
        #expect(try client.send("PUT", "/runs/later").status == 201)
        #expect(server.text("properties/script", of: "later") == "train.py\n")
        #expect(server.file("source.tar.gz", of: "later") != nil)
    }

    // MARK: The script

    @Test(
        "Where no script was given it is chosen when source arrives",
        arguments: [
            (["fit.R"], "fit.R"), (["a.py", "train.py"], "train.py"), (["train.R", "main.py", "a.py"], "train.R"),
            (["a.py", "main.py"], "main.py"), (["b.py", "a.py"], "a.py"), (["lib/a.py", "train/b.py"], "lib/a.py"),
            (["src/train.py", "a.py"], "src/train.py"), (["trainer.py", "b.py"], "b.py"),
        ])
    func scriptIsChosenWhenSourceArrives(names: [String], expected: String) throws {
        #expect(try script() == "run")
        #expect(try sendForm(names.map { ($0, "text\n") }).status == 201)
        #expect(try script() == expected)
    }

    @Test func scriptThatWasGivenStays() throws {
        #expect(try client.sendJSON("PUT", "/runs/given", #"{"script": "given.py"}"#).status == 201)
        #expect(try sendForm([("train.py", "text\n")], to: "/runs/given/metadata/source").status == 201)
        #expect(server.text("properties/script", of: "given") == "given.py\n")
    }

    @Test func scriptThatWasChosenIsChosenAgainBySourceThatDoesNotHaveIt() throws {
        #expect(try sendForm([("train.py", "text\n")]).status == 201)
        #expect(try sendForm([("other.py", "text\n")]).status == 201)
        // view_run() needs a file of that name in the source.
        #expect(try script() == "other.py")
    }

    // MARK: Parts

    private let target = "/runs/run/metadata/source"

    private func script() throws -> String? {
        let script = try client.send("GET", "/runs/run").json["script"]?.string
        #expect(server.text("properties/script", of: "run") == script.map { $0 + "\n" })
        return script
    }

    private func expectUpload(_ archive: [UInt8], _ type: String) throws {
        let reply = try client.send("POST", target, type: type, body: archive)
        #expect(reply.status == 201, "\(type): \(reply.text)")
    }

    private func sendForm(_ files: [(String, String)], to target: String? = nil) throws -> HTTPClient.Reply {
        let form = MultipartForm(files: files)
        return try client.send("POST", target ?? self.target, type: form.mediaType, body: form.body)
    }

    /// Expects these files, and no others, in the run's archive, by the system's tar.
    private func expectSource(_ files: [String: String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let unpacked = TemporaryFolder()
        try Command.succeed("tar", "xzf", "\(folder.path)/run/tfruns.d/source.tar.gz", "-C", unpacked.path)
        let tree = DirectoryTree(unpacked.path)
        #expect(tree.files == files.keys.map { "source/\($0)" }.sorted(), sourceLocation: sourceLocation)
        for (name, text) in files {
            let isSame = tree["source/\(name)"] == Array(text.utf8)
            #expect(isSame, "\(name)", sourceLocation: sourceLocation)
        }
    }
}
