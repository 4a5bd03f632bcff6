import Glibc
import JSON
import TestSupport
import Testing

/// The folders of `/runs/{id}/files`, and the links in their listings.
@Suite struct FolderListingTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
        try api.send("PUT", "/runs/a/files/models/net.txt", "0123456789")
    }

    @Test func foldersAreListed() throws {
        try api.send("PUT", "/runs/a/files/b.txt", "1")
        let root = try api.send("GET", "/runs/a/files").json
        #expect(root["files"]?.array?.map { $0["path"]?.string } == ["b.txt", "models", "tfruns.d"])
        #expect(root["files"]?.array?.map { $0["type"]?.string } == ["text/plain; charset=utf-8", "folder", "folder"])
        let folder = try api.send("GET", "/runs/a/files/models").json
        #expect(folder["files"]?.array?.first?["size"]?.number?.int == 10)
        let href = try #require(folder["files"]?.array?.first?["href"]?.string)
        #expect(try api.send("GET", href).text == "0123456789")
        let page = try api.send("GET", "/runs/a/files?limit=1")
        #expect(page.headers["link"] == "</runs/a/files?limit=1&cursor=b.txt>; rel=\"next\"")
        let next = try api.send("GET", "/runs/a/files?limit=2&cursor=b.txt").json
        #expect(next["files"]?.array?.count == 2)
        #expect(next["next"] == nil)
    }

    @Test func filesBelowAreListedOnRequest() throws {
        for name in ["models/deep%20er/x&y.txt", "a.txt"] { try api.send("PUT", "/runs/a/files/\(name)", "1") }
        // A link back to the run, and one to a folder in it.
        #expect(symlink(".", "\(api.folder.path)/runs/a/loop") == 0)
        func paths(_ target: String) throws -> [String] {
            var (found, next): ([String], String?) = ([], target)
            while let page = next {
                let reply = try api.send("GET", page)
                #expect(reply.status == 200, "\(reply.text)")
                found += try reply.json["files"]?.array?.compactMap { $0["path"]?.string } ?? []
                next = reply.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
            }
            return found.filter { !$0.hasPrefix("tfruns.d/") }
        }
        let all = ["a.txt", "loop", "models/deep er/x&y.txt", "models/net.txt"]
        #expect(try paths("/runs/a/files?recursive=true") == all)
        #expect(try paths("/runs/a/files?recursive=true&limit=1") == all)
        #expect(try paths("/runs/a/files/models?recursive=true&limit=1") == Array(all[2...]))
        #expect(try paths("/runs/a/files?recursive=false").contains("models"))
        #expect(try api.send("GET", "/runs/a/files?recursive=yes").status == 400)
    }

    /// Names that need care in a URL, in JSON or on a terminal.
    private static let names = [
        "100%.txt", "%25", "%2F", "a%2Fb", "%2e%2e", "a\\b", "\\", "..\\..\\c", "a b", " ", "#", "?x=1&y", "a+b",
        "a;b,c", "ä.png", "😀",
        "e\u{301}", "-rf", "--", "~", "'\"`$(x)", "<b>", "\u{202e}txt.exe", "a:b", "...", "..a", "%", "%%00", "&amp;",
        "*",
    ]

    @Test(arguments: names)
    func hrefOfAFileLeadsToIt(name: String) throws {
        let files = "\(api.folder.path)/runs/a"
        api.folder.write("runs/a/\(name)", "in the run")
        api.folder.write("runs/a/folder \(name)/\(name)", "deeper")
        #expect(access("\(files)/\(name)", F_OK) == 0)
        for folder in ["/runs/a/files", try href("folder \(name)", in: "/runs/a/files")] {
            let target = try href(name, in: folder)
            let text = folder == "/runs/a/files" ? "in the run" : "deeper"
            let read = try api.send("GET", target)
            #expect(read.status == 200 && read.text == text, "\(target): \(read.text)")
            // And written there.
            #expect(try api.send("PUT", target, "new").status == 204)
            #expect(try api.send("GET", target).text == "new")
            #expect(try api.send("DELETE", target).status == 204)
            let created = try api.send("PUT", target, text)
            #expect(created.status == 201)
            #expect(try api.send("GET", #require(created.headers["location"])).text == text)
        }
    }

    private func href(_ name: String, in folder: String) throws -> String {
        let entries = try api.send("GET", folder).json["files"]?.array ?? []
        let entry = entries.first { entry in
            entry["path"]?.string.map {
                $0.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) == Array(name.utf8)
            }
                ?? false
        }
        #expect(entry?["unreadable"] == nil)
        return try #require(entry?["href"]?.string)
    }

    @Test func namesThatNoRequestCanHaveAreListedAndSayWhy() throws {
        let bytes: [[UInt8]] = [
            [0xff, 0xfe], [0x61, 0xc3], [0x61, 0x0a, 0x62], [0x1b, 0x5b, 0x6d], [0x7f], [0xc2, 0x85],
        ]
        for name in bytes {
            let path = Array("\(api.folder.path)/runs/a/".utf8) + name + [0]
            let file = path.withUnsafeBytes {
                open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o644)
            }
            #expect(file >= 0)
            close(file)
        }
        var found: [JSONValue] = []
        var target = "/runs/a/files?limit=1"
        while found.count < 20 {
            let reply = try api.send("GET", target)
            found += try reply.json["files"]?.array ?? []
            guard let next = try reply.json["next"]?.string else { break }
            let link = try #require(reply.headers["link"])
            target = String(link.dropFirst().prefix { $0 != ">" })
            #expect(target.hasPrefix("/runs/a/files?limit=1&cursor=") && !next.isEmpty)
        }
        #expect(found.count == bytes.count + 2, "\(found)")
        let unreadable = found.filter { $0["href"] == nil }
        #expect(unreadable.count == bytes.count)
        for entry in unreadable {
            #expect(entry["unreadable"]?.string?.contains("control characters") == true, "\(entry)")
            #expect(entry["path"]?.string?.isEmpty == false)
        }
    }

    @Test func pathTooLongForARequestHasNoHref() throws {
        let folder = String(repeating: "é", count: 120)
        let escaped = String(repeating: "%C3%A9", count: 120)
        api.folder.write("runs/a/\([String](repeating: folder, count: 6).joined(separator: "/"))/x", "deep")
        let target = "/runs/a/files/\([String](repeating: escaped, count: 5).joined(separator: "/"))"
        let reply = try api.send("GET", target)
        let entry = try #require(reply.json["files"]?.array?.first, "\(reply.text)")
        #expect(entry["href"] == nil)
        #expect(entry["unreadable"]?.string?.contains("has 4096 at most") == true)
    }
}
