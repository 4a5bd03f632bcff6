import Foundation
import JSON
import TestSupport
import Testing

/// Documents that R, Python and pandas write, each in its own ways, come back over HTTP as they were sent, and tfruns
/// can read what is on the disk.
///
/// What is sent is generated, the same for the same seed. `RUNDIR_DIFFERENTIAL_RUNS` says how many runs each client
/// sends, each with a document of every type; `RUNDIR_SEED` says which; `Tests/DifferentialTests/long` sends many with
/// new seeds.
@Suite struct DifferentialTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["RUNDIR_DIFFERENTIAL_RUNS"].flatMap { Int($0) } ?? 200
    private static let seed = environment["RUNDIR_SEED"].flatMap { UInt64($0) } ?? 1

    private let folder = TemporaryFolder()

    @Test(arguments: Client.allCases)
    func whatAClientSendsIsReadAsItWasMeant(client: Client) throws {
        let runs = (0..<Self.count).map { GeneratedRun(seed: Self.seed &* 1_000_003 &+ UInt64($0)) }
        let server = try Server(runs: "\(folder.path)/runs")
        let renderings = Dictionary(grouping: try client.renderings(of: runs), by: \.run)
        #expect(renderings.count == runs.count)
        var names: [String] = []
        for (number, run) in runs.enumerated() {
            let name = "\(client.rawValue)-\(number)"
            names.append(name)
            let sent = SentRun(name: name, run: run, renderings: renderings[number] ?? [])
            for difference in try sent.differences(on: server.connect()) {
                Issue.record("\(name) of seed \(Self.seed): \(difference)")
            }
        }
        try expectThatTfrunsReads(names, runs, server)
    }

    /// Reads the directory as tfruns does, once in Swift and once in R, and compares the listing with the server's.
    private func expectThatTfrunsReads(_ names: [String], _ runs: [GeneratedRun], _ server: Server) throws {
        let rows = try TfrunsReader(runs: server.runs).readAll()
        #expect(rows.count == names.count)
        let connection = try server.connect()
        for row in rows {
            let run = row["run"]?.string ?? ""
            let listed = try connection.send("GET", "/runs/\(run)").json
            for column in row.members where column.name.hasPrefix("metric_") || column.name.hasSuffix("_completed") {
                // To tfruns steps are a metric.
                if column.name == "metric_step" { continue }
                // A property of that name, which R's reader has there too, is another.
                if column.value.string != nil, Comparison.double(column.value) == nil { continue }
                let (one, other) = (Comparison.double(column.value), Comparison.double(listed[column.name]))
                #expect(one == other, "\(run) of seed \(Self.seed): \(column.name)")
            }
        }
        let lines = try Client.r("read_runs.R", server.runs)
        #expect(lines.last?["listed"]?.number?.int == names.count)
        for line in lines.dropLast() {
            let run = line["run"]?.string ?? ""
            #expect(line["fault"] == .null, "R fails on \(run) of seed \(Self.seed)")
            let listed = try connection.send("GET", "/runs/\(run)").json
            for metric in line["metrics"]?.object?.members ?? [] where metric.name != "metric_step" {
                // Printed with 15 digits.
                let values = (Comparison.double(metric.value), Comparison.double(listed[metric.name]))
                guard let one = values.0, let other = values.1, Losses.digits.isSame(one, other) else {
                    Issue.record("\(metric.name) of \(run) of seed \(Self.seed): R reads \(metric.value)")
                    continue
                }
            }
        }
    }
}

/// A run that a client sends, and what is read of it.
private struct SentRun {
    let name: String
    let run: GeneratedRun
    let renderings: [Client.Rendering]

    private static let parts = ["start", "flags", "evaluation", "properties", "metrics", "error"]

    private func rendering(_ part: String) -> Client.Rendering? { renderings.first { $0.part == part } }

    /// Sends all, and compares what is read. Each difference names what was sent.
    func differences(on client: HTTPClient) throws -> [String] {
        var found: [String] = []
        for part in run.order.map({ Self.parts[$0] }) {
            if part == "start" {
                let reply = try client.send("PUT", "/runs/\(name)", headers: [("Content-Length", "0")])
                if reply.status != 201 { found.append("PUT: \(reply.status) \(reply.text)") }
            }
            guard let rendering = rendering(part) else { continue }
            for body in rendering.bodies {
                let type = rendering.mediaType.isEmpty ? nil : rendering.mediaType
                let reply = try client.send("POST", "/runs/\(name)/metadata/\(part)", type: type, text: body)
                if reply.status != 201, reply.status != 202 {
                    found.append("\(part) by \(rendering.way), \(rendering.mediaType): \(reply.text) for\n\(body)")
                }
            }
        }
        if run.error == nil {
            let reply = try client.send("POST", "/runs/\(name)/complete", headers: [("Content-Length", "0")])
            if reply.status != 200 { found.append("complete: \(reply.text)") }
        }
        for rendering in renderings {
            let reply = try client.send("GET", "/runs/\(name)/metadata/\(rendering.part)")
            let read = reply.status == 200 ? try reply.json : .null
            let differences = compare(read, rendering)
            if differences.isEmpty { continue }
            found.append(
                "\(rendering.part) by \(rendering.way), \(rendering.mediaType)\n\(differences.joined(separator: "\n"))\nsent:\n"
                    + "\(rendering.bodies.joined(separator: "\n"))\nread:\n\(reply.text)")
        }
        return found
    }

    private func compare(_ read: JSONValue, _ rendering: Client.Rendering) -> [String] {
        var comparison = Comparison(rendering.losses)
        switch rendering.part {
        case "flags":
            comparison.compare(.named(run.flags), read, "flags")
            // To the letter.
            if let sent = try? JSONValue.parse(rendering.bodies[0]) {
                comparison.expect(read == sent, "is not what was sent")
            }
        case "evaluation": comparison.compare(.named(run.evaluation), read, "evaluation")
        case "properties":
            for property in run.properties {
                // A date that the run has by itself, and a count that is missing.
                comparison.compareProperty(property.value, read[property.name], property.name)
            }
        case "error": compareError(read, &comparison)
        case "metrics": compareMetrics(read, &comparison)
        default: comparison.expect(false, "an unknown part")
        }
        return comparison.differences
    }

    private func compareError(_ read: JSONValue, _ comparison: inout Comparison) {
        for member in run.error ?? [] {
            if member.name == "traceback", Comparison.isMissing(member.value) {
                comparison.expect(read["traceback"]?.array?.isEmpty ?? true, "a traceback out of nothing")
            } else if case .text(let text) = member.value, member.name == "traceback" {
                comparison.expect(read["traceback"]?.unboxed == .string(text), "another traceback")
            } else {
                comparison.compare(member.value, read[member.name], member.name)
            }
        }
    }

    private func compareMetrics(_ read: JSONValue, _ comparison: inout Comparison) {
        var model = FrameModel()
        for frame in run.metrics { model.take(frame.written(comparison.losses)) }
        let expected = model.ordered
        guard let columns = read.object else { return comparison.expect(false, "no frame") }
        let names = Set(expected.flatMap(\.keys))
        for name in columns.names where !names.contains(name) {
            let isEmpty = columns[name]?.array?.allSatisfy { $0 == .null } ?? false
            comparison.expect(isEmpty, "\(name) was never sent")
        }
        for name in names.sorted() {
            guard let values = columns[name]?.array, values.count == expected.count else {
                comparison.expect(
                    false, "\(name) has \(columns[name]?.array?.count ?? 0) values; \(expected.count) were sent")
                continue
            }
            for (row, cells) in expected.enumerated() {
                comparison.compare(cells[name].map { .number($0) } ?? .missing, values[row], "\(name)/\(row)")
            }
        }
    }
}

extension JSONValue {
    fileprivate var unboxed: JSONValue { if let array, array.count == 1 { array[0] } else { self } }
}
