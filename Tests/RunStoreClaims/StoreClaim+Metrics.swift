internal import RunMetadata
internal import RunStore
internal import Testing

extension StoreClaim {
    /// Rows and frames.
    static let metrics = [
        StoreClaim("rows are appended and read back") { harness in
            let store = harness.store
            try store.initialise(.one)
            #expect(try store.rows(.one, #"{"epoch":0,"loss":0.50}"#).effect == .written)
            try store.rows(.one, #"{"epoch":1,"loss":0.40}"#, #"{"epoch":2,"loss":0.30}"#)
            #expect(try store.frame(of: .one) == #"{"epoch":[0,1,2],"loss":[0.50,0.40,0.30]}"#)
            #expect(
                try store.text(.metricsRows, of: .one)
                    == "{\"epoch\":0,\"loss\":0.50}\n{\"epoch\":1,\"loss\":0.40}\n{\"epoch\":2,\"loss\":0.30}\n")
        },
        StoreClaim("a read between two rows misses neither") { harness in
            let store = harness.store
            try store.initialise(.one)
            for epoch in 0..<5 {
                try store.rows(.one, "{\"loss\":\(epoch)}")
                let expected = (0...epoch).map(String.init).joined(separator: ",")
                #expect(try store.frame(of: .one) == "{\"loss\":[\(expected)]}")
            }
        },
        StoreClaim("a row whose key is there merges") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"epoch":0,"loss":1}"#)
            try store.rows(.one, #"{"epoch":0,"loss":null,"val_loss":2}"#)
            #expect(try store.frame(of: .one) == #"{"epoch":[0],"loss":[1],"val_loss":[2]}"#)
        },
        StoreClaim("a frame replaces the rows") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.rows(.one, #"{"loss":1}"#, #"{"loss":2}"#)
            try store.change(.one, .frame(Array(#"{"acc":[0.5,null]}"#.utf8)))
            #expect(try store.text(.metricsFrame, of: .one) == #"{"acc":[0.5,null]}"#)
            #expect(try store.text(.metricsRows, of: .one) == nil)
            try store.change(.one, .frame(Array(#"{"acc":[0.6]}"#.utf8)))
            #expect(try store.text(.metricsFrame, of: .one) == #"{"acc":[0.6]}"#)
        },
        StoreClaim("rows after a frame go on from it") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .frame(Array(#"{"loss":[0.10,0.20,null]}"#.utf8)))
            try store.rows(.one, #"{"loss":0.3,"acc":1}"#)
            try store.rows(.one, #"{"loss":0.4}"#)
            #expect(try store.frame(of: .one) == #"{"loss":[0.10,0.20,0.3,0.4],"acc":[null,null,1,null]}"#)
        },
        StoreClaim("rows after something that is no frame are refused") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .put(.metricsFrame, "[1]"))
            let row = RunWrite(.run(.one), .change([.rows(try .make([#"{"a":1}"#]))]))
            guard case .unreadable? = try store.refusal(of: row) else {
                Issue.record("the row was not refused as unreadable")
                return
            }
            #expect(try store.text(.metricsFrame, of: .one) == "[1]")
            #expect(try store.text(.metricsRows, of: .one) == nil)
        },
        StoreClaim("rows among other changes are written with them") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .put(.flags, "{}"), .rows(try .make([#"{"a":1}"#])))
            try store.rows(.one, #"{"a":2}"#)
            try store.change(.one, .rows(try .make([#"{"a":3}"#])), .rows(try .make([#"{"a":4}"#])))
            #expect(try store.frame(of: .one) == #"{"a":[1,2,3,4]}"#)
        },
        StoreClaim("rows among other changes to a new run wait with them") { harness in
            let store = harness.store
            try store.change(.one, .put(.flags, "{}"), .rows(try .make([#"{"a":1}"#])))
            try store.initialise(.one)
            #expect(try store.frame(of: .one) == #"{"a":[1]}"#)
            #expect(try store.text(.flags, of: .one) == "{}")
        },
        StoreClaim("rows among other changes go on from a frame") { harness in
            let store = harness.store
            try store.initialise(.one)
            try store.change(.one, .frame(Array(#"{"a":[1]}"#.utf8)))
            try store.change(.one, .put(.flags, "{}"), .rows(try .make([#"{"a":2}"#])))
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
        },
        StoreClaim("metrics of a run that is not initialised wait, and go on once it is") { harness in
            let store = harness.store
            #expect(try store.rows(.one, #"{"a":1}"#).effect == .pending)
            #expect(try store.rows(.one, #"{"a":2}"#).effect == .pending)
            #expect(try store.frame(of: .one) == #"{"a":[1,2]}"#)
            try store.initialise(.one)
            #expect(try store.rows(.one, #"{"a":3}"#).effect == .written)
            #expect(try store.frame(of: .one) == #"{"a":[1,2,3]}"#)
        },
        StoreClaim("a run without metrics has none") { harness in
            try harness.store.initialise(.one)
            #expect(try harness.store.frame(of: .one) == nil)
        },
    ]
}
