import JSON
import RunMetadata
import Testing

@Suite struct RunSummaryTests {
    private func summary(
        properties: [(String, String)] = [], flags: String? = nil, evaluation: String? = nil, error: String? = nil,
        rows: String? = nil
    ) throws -> RunSummary {
        func object(_ text: String?) throws -> JSONObject? { try text.flatMap { try JSONValue.parse($0).object } }
        let run = try #require(RunID("r"))
        let named = properties.map { (name: $0.0, text: $0.1) }
        let (flags, evaluation, error) = (try object(flags), try object(evaluation), try object(error))
        guard let rows else {
            return RunSummary(
                run: run, properties: named, flags: flags, evaluation: evaluation, error: error, digest: nil)
        }
        return MetricsText.withFrame(rows: rows) {
            RunSummary(
                run: run, properties: named, flags: flags, evaluation: evaluation, error: error, digest: $0.digest)
        }
    }

    private func columns(_ summary: RunSummary) -> String {
        String(decoding: JSONWriter.compact(.object(summary.columns)), as: UTF8.self)
    }

    /// The completed run of the directories that tfruns wrote, and its `ls_runs()`.
    @Test func aRunThatTfrunsWroteHasTheColumnsOfItsListing() throws {
        let summary = try summary(
            properties: [
                ("batch_size", "128"), ("completed", "TRUE"), ("context", "local"), ("end", "1795500109.67948"),
                ("epochs", "12"), ("learning_rate", "0.001"), ("loss_function", "binary_crossentropy"),
                ("note", "baseline"),
                ("samples", "48000"), ("script", "train.R"), ("start", "1795500109.62199"), ("type", "training"),
                ("validation_samples", "12000"),
            ],
            flags: #"{"learning_rate":0.001,"batch_size":128,"optimizer":"adam","augment":false}"#,
            evaluation: #"{"loss":0.0871234567890123,"acc":0.9712}"#,
            rows: "{\"loss\":0.4068,\"acc\":0.7966}\n{\"loss\":0.1081,\"acc\":0.946}\n")
        #expect(
            columns(summary)
                == #"{"run":"r","start":1795500109.62199,"end":1795500109.67948,"completed":true,"type":"training","#
                + #""context":"local","script":"train.R","flag_learning_rate":0.001,"flag_batch_size":128,"#
                + #""flag_optimizer":"adam","flag_augment":false,"metric_loss":0.1081,"metric_acc":0.946,"#
                + #""eval_loss":0.0871234567890123,"eval_acc":0.9712,"batch_size":128,"epochs":12,"#
                + #""learning_rate":0.001,"loss_function":"binary_crossentropy","note":"baseline","samples":48000,"#
                + #""validation_samples":12000,"epochs_completed":2}"#)
    }

    @Test func aRunWithoutMetadataIsItsIDAlone() throws {
        #expect(columns(try summary()) == #"{"run":"r","steps_completed":0}"#)
    }

    @Test func nestedFlagsAreJoinedByADotAndArraysNumbered() throws {
        let summary = try summary(flags: #"{"opt":{"lr":0.1,"betas":[0.9,0.99]},"layers":[64,32],"off":null}"#)
        #expect(
            columns(summary)
                == #"{"run":"r","flag_opt.lr":0.1,"flag_opt.betas1":0.9,"flag_opt.betas2":0.99,"#
                + #""flag_layers1":64,"flag_layers2":32,"steps_completed":0}"#)
    }

    @Test func theKeysAreNoMetrics() throws {
        let summary = try summary(rows: "{\"step\":3,\"epoch\":1,\"loss\":0.5}\n{\"step\":4,\"loss\":\"NaN\"}\n")
        #expect(columns(summary) == #"{"run":"r","metric_loss":0.5,"steps_completed":1}"#)
    }

    /// `steps` or `epochs`, whichever is a property, the former where both are, says what was completed: the values in
    /// the last metric's column.
    @Test(arguments: [
        ([("epochs", "5")], "epochs_completed", 2), ([("steps", "5")], "steps_completed", 2),
        ([], "steps_completed", 2),
        ([("epochs", "5"), ("steps", "10")], "steps_completed", 2), ([("epochs", "NA")], "epochs_completed", 2),
        ([("epochs", "5"), ("steps", "NA")], "steps_completed", 2),
    ])
    func theLastColumnSaysHowMuchIsCompleted(_ properties: [(String, String)], _ name: String, _ count: Int) throws {
        let rows = "{\"a\":1,\"b\":1}\n{\"a\":2,\"b\":2}\n{\"a\":3}\n"
        for (rows, count) in [(rows, count), (rows + "{\"b\":\"NaN\"}\n", count), ("{\"b\":null}\n", 0), (nil, 0)] {
            let summary = try summary(properties: properties, rows: rows)
            #expect(summary.columns[name] == .number(JSONNumber(count)))
            let other = name == "epochs_completed" ? "steps_completed" : "epochs_completed"
            #expect(summary.columns[other] == nil)
        }
    }

    @Test(arguments: [
        ("1000.0004", 900.0, 1000.0004), ("1000.0004", 1000.0003, 1000.0004), ("1000.0004", 1000.0012, 1000.001),
        ("soon", 900.0004, 900.0), ("1e300", 900, 900), ("", 900, 900),
    ])
    func aRunWasNotWrittenToBeforeItsStart(_ start: String, _ written: Double, _ updated: Double) throws {
        #expect(try summary(properties: [("start", start)]).updated(written) == updated)
    }

    @Test func anErrorsMessageIsAColumn() throws {
        let summary = try summary(error: #"{"message":"no","traceback":["f()"]}"#)
        #expect(columns(summary) == #"{"run":"r","error_message":"no","error_traceback":"f()","steps_completed":0}"#)
    }

    @Test(
        arguments: [
            ("start", "1795499177.04699", "1795499177.04699"), ("samples", "10", "10"), ("samples", "1e+05", "1e+05"),
            ("other", "10", "\"10\""), ("completed", "yes", "true"), ("completed", "0", "false"),
            ("note", "two\nlines", #""two\nlines""#), ("samples", "NA", nil), ("epochs", "", nil),
        ] as [(String, String, String?)])
    func aPropertyIsANumberWhereTfrunsReadsOne(_ name: String, _ text: String, _ column: String?) throws {
        let value = try summary(properties: [(name, text)]).columns[name]
        #expect(value.map { String(decoding: JSONWriter.compact($0), as: UTF8.self) } == column)
    }

    @Test func aPropertyHidesNoOtherColumnAndIsHiddenByNone() throws {
        let summary = try summary(
            properties: [
                ("error_message", "a"), ("eval_acc", "9"), ("flag_lr", "9"), ("links", "b"), ("metric_loss", "9"),
                ("property_run", "c"), ("run", "x"), ("status", "d"), ("steps_completed", "e"), ("updated", "f"),
            ], flags: #"{"lr":1}"#, evaluation: #"{"acc":2}"#, rows: "{\"loss\":3}\n")
        #expect(
            columns(summary)
                == #"{"run":"r","flag_lr":1,"metric_loss":3,"eval_acc":2,"property_error_message":"a","#
                + #""property_eval_acc":"9","property_flag_lr":"9","property_links":"b","property_metric_loss":"9","#
                + #""property_property_run":"c","property_run":"x","property_status":"d","#
                + #""property_steps_completed":"e","property_updated":"f","steps_completed":1}"#)
    }

    @Test func theExtremesOfAMetricAreBesideTheListedColumns() throws {
        let rows = "{\"loss\":3,\"acc\":\"Inf\"}\n{\"loss\":0.50}\n{\"loss\":2}\n"
        let summary = try summary(
            properties: [("max_epochs", "9"), ("max_loss", "x"), ("min_acc", "y")], rows: rows)
        #expect(
            columns(summary)
                == #"{"run":"r","metric_loss":2,"metric_acc":"Inf","max_epochs":"9","property_max_loss":"x","#
                + #""min_acc":"y","steps_completed":1}"#)
        #expect(summary.extremes == ["min_loss": 0.5, "max_loss": 3])
        #expect(summary["min_loss"] == 0.5 && summary["max_epochs"] == "9" && summary["max_acc"] == nil)
    }

    /// Anyone may have written them; the columns `start` and `end` are numbers.
    @Test(arguments: [
        ("start", "yesterday"), ("end", "2026-11-24"), ("samples", "many"), ("epochs", "80e5005"),
        ("completed", "perhaps"),
    ])
    func aTextThatIsNoneOfWhatAPropertyHasToBeHasAColumnOfItsOwn(_ name: String, _ text: String) throws {
        let summary = try summary(properties: [(name, text)])
        #expect(summary.columns[name] == nil)
        #expect(summary.columns["property_" + name] == .string(text))
    }

    /// Each value has a column, and the one that is sent by a name keeps it, in whatever order they come.
    @Test(arguments: [
        (#"{"a.b":1,"a":{"b":2}}"#, #"{"run":"r","flag_a.b":1,"flag_a.b.1":2,"steps_completed":0}"#),
        (#"{"a":{"b":2},"a.b":1}"#, #"{"run":"r","flag_a.b.1":2,"flag_a.b":1,"steps_completed":0}"#),
        (
            #"{"a":{"b":2},"a.b":1,"a.b.1":3}"#,
            #"{"run":"r","flag_a.b.2":2,"flag_a.b":1,"flag_a.b.1":3,"steps_completed":0}"#
        ),
        (#"{"x1":1,"x":[2,3]}"#, #"{"run":"r","flag_x1":1,"flag_x1.1":2,"flag_x2":3,"steps_completed":0}"#),
        (
            #"{"x":[[1,2],3],"x1":[4,5]}"#,
            #"{"run":"r","flag_x11":1,"flag_x12":2,"flag_x2":3,"flag_x11.1":4,"flag_x12.1":5,"steps_completed":0}"#
        ),
        (
            #"{"a":{"b.c":1},"a.b":{"c":2},"a.b.c":null}"#,
            #"{"run":"r","flag_a.b.c":1,"flag_a.b.c.1":2,"steps_completed":0}"#
        ),
    ])
    func twoFlagsThatComeToOneNameHaveAColumnEach(flags: String, row: String) throws {
        #expect(columns(try summary(flags: flags)) == row)
    }

    @Test func anEvaluationHasAColumnForEachNumberThatStandsByItself() throws {
        let evaluation = #"{"0":{"f1":0.5,"n":[3]},"a.b":1,"a":{"b":"Inf"},"history":{"rmse":[3,2,1]}}"#
        #expect(
            columns(try summary(evaluation: evaluation))
                == #"{"run":"r","eval_0.f1":0.5,"eval_0.n":3,"eval_a.b":1,"eval_a.b.1":"Inf","steps_completed":0}"#)
    }

    @Test(arguments: [
        (#"{"message":["no"]}"#, "no"), (#"{"message":5}"#, "5"), (#"{"message":{"a":[1]}}"#, #"{"a":[1]}"#),
    ])
    func anErrorsMessageIsTextWhateverIsInItsFile(error: String, message: String) throws {
        #expect(try summary(error: error).columns["error_message"] == .string(message))
    }

    @Test(arguments: [
        ([("end", "9"), ("completed", "TRUE")], nil, 0.0, RunStatus.completed),
        ([("end", "9"), ("completed", "FALSE")], nil, 0.0, .stopped),
        ([("end", "9"), ("completed", "TRUE")], "{\"message\":\"late\"}", 0.0, .failed),
        ([("end", "9")], nil, 0.0, .stopped), ([("end", "yesterday"), ("completed", "TRUE")], nil, 0.0, .completed),
        ([("end", ""), ("completed", "FALSE")], nil, 0.0, .running), ([("end", "NA")], nil, 0.0, .running),
        ([("completed", "FALSE")], "{\"message\":\"no\"}", 0.0, .failed),
        ([("completed", "FALSE")], nil, 3600.0, .running),
        ([("completed", "FALSE")], nil, 3600.5, .stale),
        ([], nil, 0.0, .running),
        ([("end", "9"), ("completed", "TRUE")], nil, 99_999.0, .completed),
        ([("end", "9"), ("completed", "FALSE")], "{\"message\":\"no\"}", 99_999.0, .failed),
    ])
    func theStatusIsDerived(
        _ properties: [(String, String)], _ error: String?, _ silence: Double, _ status: RunStatus
    ) throws {
        let summary = try summary(properties: properties, error: error)
        #expect(summary.status(updated: 1000, now: 1000 + silence, staleAfter: 3600) == status)
    }
}
