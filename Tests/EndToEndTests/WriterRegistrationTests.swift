import Glibc
import JSON
import TestSupport
import Testing

/// Executables and descriptions in the writers' folder: taken at the start and on SIGHUP, refused with the reason.
@Suite struct WriterRegistrationTests {
    private let folder = TemporaryFolder()
    private let writers = TemporaryFolder()

    @Test func faultyDescriptionStopsTheStart() throws {
        writers.write("broken.json", "{\n  \"store\": \"sql\"\n}")
        let started = try Command(
            Server.executable, "serve", "--port", "0", "--runs", "\(folder.path)/runs", "--writers", writers.path)
        #expect(started.ending != .exited(0))
        #expect(started.errors.contains("broken.json:2: unknown store \"sql\""), "\(started.errors)")
        writers.write("broken.json", "{\"store\": \"json\", \"path\": \"broken.json\"}")
        writers.script("flags", "exit 0")
        let taken = try Command(
            Server.executable, "serve", "--port", "0", "--runs", "\(folder.path)/runs", "--writers", writers.path)
        #expect(taken.ending != .exited(0))
        #expect(taken.errors.contains("\"flags\" has a writer already"), "\(taken.errors)")
    }

    @Test func writersAreRegisteredAnewOnSIGHUPAndKeptWhenThatFails() throws {
        writers.script("one", "exit 0")
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        func status(_ type: String) throws -> Int {
            try client.send("POST", "/runs/a/metadata/\(type)", type: "text/plain", text: "x").status
        }
        func warning() throws -> String? { try client.send("GET", "/ready").json["warnings"]?["writers"]?.string }
        #expect(try status("two") == 404)
        writers.script("two", "exit 0")
        server.process.signal(SIGHUP)
        #expect(eventually { (try? status("two")) == 201 })
        writers.write("three.json", "{\n,}")
        server.process.signal(SIGHUP)
        #expect(eventually { (try? warning())?.map { $0.contains("three.json:2: ") } == true })
        #expect(server.errors.contains("three.json:2: "))
        #expect(try status("two") == 201)
        #expect(try status("three") == 404)
        writers.write("three.json", "{\"store\": \"json\", \"path\": \"three.json\"}")
        server.process.signal(SIGHUP)
        #expect(eventually { (try? warning()) == .some(nil) })
        #expect(try client.sendJSON("POST", "/runs/a/metadata/three", "{}").status == 201)
    }

    @Test func writerThatCannotBeStartedFailsItsCheck() throws {
        writers.script("broken", "exit 0", interpreter: "/no/such/thing")
        let checked = try Command(Server.executable, "types", "--check", "--writers", writers.path)
        #expect(checked.ending == .exited(1))
        #expect(String(decoding: checked.output, as: UTF8.self).contains("cannot be started"))
    }
}
