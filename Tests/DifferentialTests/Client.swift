import JSON
import TestSupport

/// A program that writes documents in its own way.
enum Client: String, CaseIterable {
    case r, python, pandas

    /// What it makes of a document.
    struct Rendering {
        let run: Int
        let part: String
        let way: String
        /// Empty: none is named.
        let mediaType: String
        /// What is sent, one after the other.
        let bodies: [String]
        let losses: Losses

        init?(_ line: JSONObject) {
            guard let run = line["run"]?.number?.int, let part = line["part"]?.string, let way = line["way"]?.string,
                let mediaType = line["type"]?.string, let bodies = line["bodies"]?.array
            else { return nil }
            (self.run, self.part, self.way, self.mediaType) = (run, part, way, mediaType)
            self.bodies = bodies.compactMap(\.string)
            losses = Losses(names: line["loses"])
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private static let folder =
        #filePath.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/clients"

    /// Runs an R program of the folder `clients`.
    static func r(_ program: String, _ argument: String) throws -> [JSONObject] {
        try lines(Command.succeed("Rscript", "--vanilla", "\(folder)/\(program)", argument))
    }

    /// What it makes of all runs, in one process.
    func renderings(of runs: [GeneratedRun]) throws -> [Rendering] {
        let folder = TemporaryFolder()
        let text = runs.map { String(decoding: JSONWriter.compact($0.transport), as: UTF8.self) + "\n" }
        folder.write("runs.ndjson", text.joined())
        let file = "\(folder.path)/runs.ndjson"
        let lines =
            switch self {
            case .r: try Self.r("r.R", file)
            // Debian's, which has Debian's pandas.
            case .python: try Self.lines(Command.succeed("/usr/bin/python3", "\(Self.folder)/python.py", file))
            case .pandas: try Self.lines(Command.succeed("/usr/bin/python3", "\(Self.folder)/with_pandas.py", file))
            }
        return try lines.map { line in
            guard let rendering = Rendering(line) else { throw Failure(description: "\(self) printed \(line)") }
            return rendering
        }
    }

    private static func lines(_ output: [UInt8]) throws -> [JSONObject] {
        try output.split(separator: UInt8(ascii: "\n")).map { line in
            guard let object = try JSONValue.parse(Array(line)).object else {
                throw Failure(description: "printed \(String(decoding: line, as: UTF8.self))")
            }
            return object
        }
    }
}
