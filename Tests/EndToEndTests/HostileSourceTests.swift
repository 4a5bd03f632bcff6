import JSON
import TestSupport
import Testing

/// Archives that want more than to be unpacked: 422 with the entry's name, and nothing left behind.
@Suite struct HostileSourceTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient
    private let target = "/runs/run/metadata/source"

    init() throws {
        server = try Server(runs: folder.path, "--max-upload", "1000000")
        client = try server.connect()
        #expect(try client.send("PUT", "/runs/run").status == 201)
    }

    /// An archive made by Python's `tarfile` or `zipfile`, with one good entry before the bad one.
    struct Archive: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The entry that is named in the reply.
        let entry: String
        /// Lines that add to `tar`, or to `zip`.
        let program: String

        init(_ what: String, _ entry: String, _ program: String) {
            (testDescription, self.entry, self.program) = (what, entry, program)
        }
    }

    private static let archives: [Archive] = [
        Archive("absolute path", "/etc/evil.py", "add(tar, '/etc/evil.py')"),
        Archive("..", "../evil.py", "add(tar, '../evil.py')"),
        Archive(".. in the middle", "a/../../evil.py", "add(tar, 'a/../../evil.py')"),
        Archive(".. below source/", "source/../../evil.py", "add(tar, 'source/../../evil.py')"),
        Archive("link", "evil.py", "add(tar, 'evil.py', tarfile.SYMTYPE, '/etc/passwd')"),
        Archive("link to a file of its own", "evil.py", "add(tar, 'evil.py', tarfile.SYMTYPE, 'good.py')"),
        Archive("hard link", "evil.py", "add(tar, 'evil.py', tarfile.LNKTYPE, 'good.py')"),
        Archive("character device", "evil", "add(tar, 'evil', tarfile.CHRTYPE)"),
        Archive("block device", "evil", "add(tar, 'evil', tarfile.BLKTYPE)"),
        Archive("pipe", "evil", "add(tar, 'evil', tarfile.FIFOTYPE)"),
        Archive("name that is there twice", "twice.py", "add(tar, 'twice.py'); add(tar, 'twice.py')"),
        Archive("name that is there twice, one with ./", "twice.py", "add(tar, 'twice.py'); add(tar, './twice.py')"),
        Archive("name that is a file and a folder", "twice", "add(tar, 'twice'); add(tar, 'twice/a.py')"),
        Archive("more than --max-upload unpacked", "big.py", "add(tar, 'big.py', size=2000000)"),
        Archive("zip with ..", "../evil.py", "zip.writestr('../evil.py', 'x')"),
        Archive("zip with an absolute path", "/evil.py", "zip.writestr('/evil.py', 'x')"),
        Archive(
            "zip with a link", "evil.py",
            "info = zipfile.ZipInfo('evil.py'); info.create_system = 3; info.external_attr = 0o120777 << 16; "
                + "zip.writestr(info, '/etc/passwd')"),
        Archive("zip with a name twice", "twice.py", "zip.writestr('twice.py', 'x'); zip.writestr('twice.py', 'y')"),
        Archive("zip that unpacks to too much", "big.py", "zip.writestr('big.py', 'x' * 2000000)"),
    ]

    @Test("A hostile archive is refused by the name of its entry", arguments: archives)
    func hostileArchiveIsRefused(archive: Archive) throws {
        let bytes = try Command.python(
            """
            import io, sys, tarfile, warnings, zipfile
            warnings.simplefilter("ignore")
            def add(tar, name, type=tarfile.REGTYPE, link="", size=2):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = type, link
                info.size = size if type == tarfile.REGTYPE else 0
                tar.addfile(info, io.BytesIO(b"x" * info.size))
            out = io.BytesIO()
            program = "\(archive.program)"
            if "zip." in program:
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zip:
                    zip.writestr("good.py", "x")
                    exec(program)
            else:
                with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
                    add(tar, "good.py")
                    exec(program)
            sys.stdout.buffer.write(out.getvalue())
            """, directory: folder.path)
        let type = archive.program.contains("zip.") ? "application/zip" : "application/gzip"
        try expectRefusal(type, bytes, names: archive.entry)
    }

    @Test("A form's file name that leads outside is refused", arguments: ["../evil.py", "/evil.py", "a/../../evil.py"])
    func formFileThatLeadsOutsideIsRefused(name: String) throws {
        let form = MultipartForm(files: [("good.py", "x\n"), (name, "x\n")])
        try expectRefusal(form.mediaType, form.body, names: name)
    }

    @Test func formFileThatIsThereTwiceIsRefused() throws {
        let form = MultipartForm(files: [("twice.py", "x\n"), ("twice.py", "y\n")])
        try expectRefusal(form.mediaType, form.body, names: "twice.py")
    }

    @Test("Row 33: what is no sound archive is refused", arguments: Unsound.allCases)
    func unsoundArchiveIsRefused(kind: Unsound) throws {
        try expectRefusal(kind.mediaType, try kind.bytes(), names: "")
    }

    /// Bodies that are no archive, or a part of one.
    enum Unsound: CaseIterable {
        case randomBytes, randomBytesAfterGzipMagic, zeros, text
        case cutGzip, gzipWithoutItsEnd, gzipWithAFlippedByte, gzipWithAWrongChecksum, gzipOfText, cutTar, cutZip,
            emptyTar, tarOfFoldersAlone

        var mediaType: String {
            switch self {
            case .cutZip: "application/zip"
            case .cutTar, .emptyTar, .tarOfFoldersAlone: "application/x-tar"
            case .randomBytes, .zeros, .text: "application/octet-stream"
            default: "application/gzip"
            }
        }

        func bytes() throws -> [UInt8] {
            var numbers = SeededNumbers(seed: 7)
            let random = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
            let folder = TemporaryFolder()
            folder.write("a/train.py", random.map { "\($0)\n" }.joined())
            folder.write("b/empty/file", "")
            let tar = try Command.succeed("tar", "c", "-C", "\(folder.path)/a", "train.py")
            let gzip = try Command.succeed("tar", "cz", "-C", "\(folder.path)/a", "train.py")
            switch self {
            case .randomBytes: return random
            case .randomBytesAfterGzipMagic: return [0x1F, 0x8B, 8, 0] + random
            case .zeros: return [UInt8](repeating: 0, count: 4096)
            case .text: return Array("print(1)\n".utf8)
            case .cutGzip: return Array(gzip.prefix(gzip.count / 2))
            case .gzipWithoutItsEnd: return Array(gzip.dropLast(6))
            case .gzipWithAWrongChecksum:
                var bytes = gzip
                bytes[bytes.count - 8] ^= 1
                return bytes
            case .gzipWithAFlippedByte:
                var bytes = gzip
                bytes[bytes.count / 2] ^= 0x10
                return bytes
            case .gzipOfText: return try Command.succeed("gzip", "-c", "\(folder.path)/a/train.py")
            case .cutTar: return Array(tar.prefix(tar.count / 2))
            case .cutZip:
                let zip = try Command.python(
                    "import io,sys,zipfile; o=io.BytesIO(); z=zipfile.ZipFile(o,'w'); z.write('train.py'); z.close(); "
                        + "sys.stdout.buffer.write(o.getvalue())", directory: "\(folder.path)/a")
                return Array(zip.prefix(zip.count / 2))
            case .emptyTar: return [UInt8](repeating: 0, count: 10240)
            case .tarOfFoldersAlone: return try Command.succeed("tar", "c", "-C", folder.path, "--no-recursion", "b")
            }
        }
    }

    /// Expects 422 with the entry's name, and that nothing was stored, inside the runs directory or outside.
    private func expectRefusal(_ type: String, _ body: [UInt8], names entry: String) throws {
        let before = DirectoryTree.runs(folder.path)
        let problem = expectProblem(try client.send("POST", target, type: type, body: body), 422)
        let detail = problem["detail"]?.string ?? ""
        #expect(entry.isEmpty || detail.contains(entry), "\(detail)")
        #expect(!detail.contains(folder.path), "\(detail)")
        #expect(eventually { DirectoryTree.runs(folder.path) == before })
        #expect(try client.send("GET", "/runs/run/metadata/source").status == 404)
    }
}
