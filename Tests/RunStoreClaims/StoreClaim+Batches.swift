internal import JSON
internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Writes that are committed together.
    static let batches = [
        StoreClaim("writes of one batch end as if done one after the other") { harness in
            let store = harness.store
            let replies = try store.writeTogether([
                RunWrite(.run(.one), .change([.rows(try .make([#"{"a":1}"#]))])),
                RunWrite(.active(.default), .change([.property(.note, "waiting")])),
                RunWrite(.run(.one), .initialise(session: .default, .make(flags: "given"))),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"a":2}"#]))])),
                RunWrite(.active(.default), .change([.rows(try .make([#"{"a":3}"#]))])),
                RunWrite(.run(.one), .change([.frame(Array(#"{"b":[1]}"#.utf8))])),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"b":2}"#]))])),
                RunWrite(.run(.one), .change([.rows(try .make([#"{"b":3}"#]))])),
                RunWrite(.run(.one), .complete(RunEnd())),
                RunWrite(.active(.default), .change([.property(.note, "next")])),
                RunWrite(.run(.one), .complete(RunEnd())),
            ])
            let effects = try replies.map { try $0.get().effect }
            #expect(
                effects == [
                    .pending, .pending, .written, .written, .written, .written, .written, .written, .written, .pending,
                    .unchanged,
                ])
            #expect(try store.frame(of: .one) == #"{"b":[1,2,3]}"#)
            #expect(try store.text(.flags, of: .one) == "given")
            #expect(try store.property(.note, of: .one) == "waiting")
            #expect(try store.snapshot(of: .one)?.status == .completed)
        },
        StoreClaim("rows of many runs in one batch land in their runs in order") { harness in
            let store = harness.store
            var writes: [RunWrite] = []
            for number in 0..<200 {
                let run = try #require(RunID("r\(number % 8)"))
                writes.append(RunWrite(.run(run), .change([.rows(try .make(["{\"a\":\(number)}"]))])))
            }
            let replies = try store.writeTogether(writes)
            #expect(replies.allSatisfy { $0.refusal == nil })
            for number in 0..<8 {
                let expected = stride(from: number, to: 200, by: 8).map(String.init).joined(separator: ",")
                let run = try #require(RunID("r\(number)"))
                #expect(try store.frame(of: run) == "{\"a\":[\(expected)]}")
            }
        },
        StoreClaim("a store that is closed takes no more writes") { harness in
            let store = harness.store
            harness.close()
            let write = RunWrite(.run(.one), .change([.put(.flags, "{}")]))
            let refusal = try store.refusal(of: write)
            #expect(refusal == .stopping)
        },
    ]
}
