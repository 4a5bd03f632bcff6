"""rundir.R in ordinary use, with the package curl and with the command."""

import io
import json
import os
import shutil
import tarfile
import unittest

from support import CLIENTS, ClientTestCase, ROOT, Server

FIXTURES = ROOT / "Tests/EndToEndTests/Fixtures"


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class RTests(ClientTestCase):
    options = ("--custom-folders",)
    # What options() is told before.
    settings = ""

    def r(self, code, **named):
        """Runs R code that has the client; returns the lines that it printed."""
        path = self.folder / "train.R"
        path.write_text(f"{self.settings}\nsource('{CLIENTS / 'rundir.R'}')\n{code}\n")
        out, self.complaints = self.run_command("Rscript", "--vanilla", path, **named)
        return out.split("\n")[:-1]

    def metadata(self, run, type):
        return self.server.get(f"/runs/{run}/metadata/{type}")

    def test_run_is_recorded(self):
        run, = self.r("""
stopifnot(!is_run_active(), run_dir() == getwd())
initialize_run(flags = list(lr = 0.1, opt = "adam"), properties = list(data = "mnist"))
stopifnot(is_run_active())
cat(run_dir(), "\\n", sep = "")
write_run_metadata("metrics", data.frame(loss = c(0.5, NA, NaN), val_loss = c(1e-10, Inf, NA)))
write_run_metadata("metrics", data.frame(loss = c(0.5, 0.4, NaN, 0.1), val_loss = c(1e-10, Inf, -Inf, 1/3)))
write_run_metadata("evaluation", list(acc = 0.97, loss = NaN))
write_run_metadata("output", "a line\\n")
complete_run()
stopifnot(!is_run_active())
""")
        found = self.server.get(f"/runs/{run}")
        self.assertEqual((found["status"], found["flag_lr"], found["flag_opt"], found["data"], found["eval_acc"], found["script"]),
                         ("completed", 0.1, "adam", "mnist", 0.97, "train.R"))
        self.assertEqual(self.metadata(run, "metrics"),
                         {"loss": [0.5, 0.4, "NaN", 0.1], "val_loss": [1e-10, "Inf", "-Inf", 1 / 3]})
        self.assertEqual(self.metadata(run, "evaluation"), {"acc": 0.97, "loss": "NaN"})
        self.assertEqual(self.server.output(run), "a line\n")
        self.assertEqual(self.complaints, "")
        self.assertEqual(self.waiting(), [])

    def test_values_are_sent_as_tfruns_writes_them(self):
        self.r(r"""
initialize_run("values")
write_run_metadata("flags", list(int = 3L, big = 123456789012, digits = 0.1 + 0.2, many = c(1, 2.5), text = "a\"b\\c\n\u00fc\u0001",
  missing = c(1, NA), yes = TRUE, nested = list(a = 1L, b = list("x", 2)), factor = factor("f"), named = c(x = 1, y = 2),
  day = as.Date("2026-11-24")))
write_run_metadata("properties", list(vector = 1:3, big = 1e5, yes = TRUE, nothing = NULL))
write_run_metadata("properties", c(named = "vector"))
write_run_metadata("error", list(message = "bad", traceback = c("f()", "g()")))
""")
        self.assertEqual(self.metadata("values", "flags"), {
            "int": 3, "big": 123456789012, "digits": 0.30000000000000004, "many": [1, 2.5], "text": "a\"b\\c\nü\x01",
            "missing": [1, "NA"], "yes": True, "nested": {"a": 1, "b": ["x", 2]}, "factor": "f", "named": {"x": 1, "y": 2},
            "day": "2026-11-24"})
        properties = self.metadata("values", "properties")
        self.assertEqual((properties["vector"], properties["big"], properties["yes"], properties["named"]),
                         ("1\n2\n3", "1e+05", "TRUE", "vector"))
        self.assertEqual(self.metadata("values", "error"), {"message": "bad", "traceback": ["f()", "g()"]})

    def test_values_are_those_that_were_meant(self):
        self.r("""
score <- c(loss = 0.25, acc = 0.75)
initialize_run("meant", flags = list(), properties = list(hostname = "x", at = as.POSIXct(1.5, origin = "1970-01-01", tz = "EST"),
  vector = c("a", "b"), missing = NA, start = as.POSIXct(7, origin = "1970-01-01", tz = "EST")))
# One value with a name is that value.
write_run_metadata("evaluation", list(acc = score["acc"], loss = score[["loss"]]))
write_run_metadata("flags", list())
# Names that begin like the keys are metrics; a row with NULL or a nested list is a row.
write_run_metadata("metrics", list(loss = score["loss"], steps_per_second = 7, epoch_time = 2.5))
write_run_metadata("metrics", list(loss = 0.5, val_loss = NULL))
write_run_metadata("metrics", list(train = list(loss = 1, acc = 2)))
write_run_metadata("metrics", c(loss = 0.125, step = 9))
write_run_metadata("metrics", list(loss = 0))
""")
        self.assertEqual(self.complaints, "")
        self.assertEqual(self.metadata("meant", "evaluation"), {"acc": 0.75, "loss": 0.25})
        self.assertEqual(self.metadata("meant", "flags"), {})
        properties = self.metadata("meant", "properties")
        self.assertEqual([properties[name] for name in ("hostname", "at", "vector", "missing", "start")],
                         ["x", "1.500000", "a\nb", "NA", "7.000000"])
        self.assertEqual(self.server.get("/runs/meant/metrics"), {
            "step": [1, 2, 3, 9, 10], "loss": [0.25, 0.5, None, 0.125, 0], "steps_per_second": [7] + [None] * 4,
            "epoch_time": [2.5] + [None] * 4, "val_loss": [None] * 5, "train.loss": [None, None, 1, None, None],
            "train.acc": [None, None, 2, None, None]})

    def test_data_frames_in_a_data_frame_are_columns(self):
        self.r("""
initialize_run("nested")
frame <- data.frame(epoch = 1:2)
frame$train <- data.frame(loss = c(2, 1), acc = c(NA, 0.5))
frame$m <- matrix(1:4, 2, dimnames = list(NULL, c("a", "b")))
write_run_metadata("metrics", frame)
write_run_metadata("metrics", list(val = list(loss = c(4, 3)), epoch = 3:4))
""")
        self.assertEqual(self.complaints, "")
        self.assertEqual(self.server.get("/runs/nested/metrics"), {
            "epoch": [1, 2, 3, 4], "train.loss": [2, 1, None, None], "train.acc": [None, 0.5, None, None],
            "m.a": [1, 2, None, None], "m.b": [3, 4, None, None], "val.loss": [None, None, 4, 3]})

    def test_rows_without_a_step_follow_those_that_were_given(self):
        self.server.request("POST", "/runs/follow/metadata/metrics", b'[{"step": 1e2, "loss": 9}, {"epoch": 1, "loss": 8}]')
        self.r("initialize_run('follow')\nwrite_run_metadata('metrics', list(loss = 1))")
        self.assertEqual(self.server.steps("follow"), [100, None, 101])
        self.r("initialize_run('given')\nwrite_run_metadata('metrics', list(step = 7, loss = 1))\n"
               "write_run_metadata('metrics', list(step = 3, loss = 1))\nwrite_run_metadata('metrics', list(loss = 1))")
        self.assertEqual(self.server.steps("given"), [3, 7, 8])

    def test_metadata_before_the_run_is_part_of_it(self):
        self.r("""
write_run_metadata("flags", list(lr = 0.5))
write_run_metadata("metrics", list(loss = 1))
initialize_run("early")
write_run_metadata("metrics", list(loss = 0.5))
write_run_metadata("metrics", list(epoch = 7, loss = 0.25))
complete_run(completed = FALSE, evaluation = list(acc = 1))
""")
        run = self.server.get("/runs/early")
        self.assertEqual((run["status"], run["flag_lr"], run["eval_acc"]), ("stopped", 0.5, 1))
        rows = self.server.get("/runs/early/metrics")
        self.assertEqual((rows["step"], rows["loss"]), ([1, 2, None], [1, 0.5, 0.25]))

    def test_metadata_of_another_run_is_written(self):
        self.r("""
write_run_metadata("flags", list(lr = 0.5), run_dir = "runs/other")
initialize_run("other")
""")
        self.assertEqual(self.server.get("/runs/other")["flag_lr"], 0.5)

    def test_source_is_what_tfruns_takes(self):
        project = self.folder / "project"
        for name in ("train.R", "lib/net.r", "packrat/x.R", "data.csv", ".hidden/y.R"):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text("1\n")
        self.r("initialize_run('source', source = 'project')\ncomplete_run()")
        status, body = self.server.request("GET", "/runs/source/metadata/source")
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            self.assertEqual({entry.name for entry in archive if entry.isfile()}, {"source/train.R", "source/lib/net.r"})

    def test_error_is_the_run_s_and_goes_on(self):
        self.r("""
f <- function() stop("too deep")
with_run({ write_run_metadata("metrics", list(loss = 1)); f() }, "fails")
""", status=1)
        error = self.metadata("fails", "error")
        self.assertEqual(error["message"], "too deep")
        self.assertIn("f()", error["traceback"])
        self.assertEqual(self.server.get("/runs/fails")["status"], "failed")
        self.r("with_run(write_run_metadata('metrics', list(loss = 1)), 'well')")
        self.assertEqual(self.server.get("/runs/well")["status"], "completed")

    def test_nothing_stops_the_job(self):
        self.r("""
initialize_run("hostile")
write_run_metadata("source", "/nowhere")
write_run_metadata("metrics", list(loss = "text"))
write_run_file("/nowhere")
write_run_metadata("plots", function(data_dir) stop("no plot"))
write_run_metadata("metrics", list(step = 9, loss = 1))
complete_run()
""")
        self.assertEqual(self.server.steps("hostile"), [9])
        for text in ("/nowhere", "no plot", "was refused: 422"):
            self.assertIn(text, self.complaints)
        self.assertEqual(len(self.refused()), 1)

    def test_write_run_data_is_deprecated(self):
        self.r("initialize_run('data')\nwrite_run_data('x', function(data_dir) cat('1', file = file.path(data_dir, 'a')))")
        self.assertIn("deprecated", self.complaints)
        self.assertEqual(self.server.get("/runs/data/files/tfruns.d/a"), "1")

    def test_function_writes_the_files_of_a_type(self):
        self.r("""
initialize_run("plots")
write_run_metadata("plots", function(data_dir) {
  dir.create(file.path(data_dir, "plots"))
  for (name in c("a", "b")) cat(name, file = file.path(data_dir, "plots", name))
})
complete_run()
""")
        self.assertEqual([file["path"] for file in self.metadata("plots", "plots")["files"]], ["plots/a", "plots/b"])

    def test_files_are_stored_and_a_run_is_copied(self):
        (self.folder / "a b.bin").write_bytes(bytes(range(256)) * 5000)
        self.r("""
initialize_run("copied", flags = list(lr = 1))
write_run_file("a b.bin", "models/ü/a b.bin")
complete_run()
copy_run("runs/copied", "there", rename = "renamed")
""")
        self.assertEqual((self.folder / "there/renamed/models/ü/a b.bin").read_bytes(), bytes(range(256)) * 5000)
        self.assertEqual(json.loads((self.folder / "there/renamed/tfruns.d/flags.json").read_text()), {"lr": 1})

    def test_page_is_opened(self):
        browser = self.folder / "browser"
        browser.write_text(f"#!/bin/sh\necho \"$1\" >>{self.folder}/opened\n")
        browser.chmod(0o755)
        self.r("initialize_run('viewed')\ncomplete_run()\nview_run('viewed')\ncompare_runs(c('viewed', 'runs/other'))\nSys.sleep(1)",
               R_BROWSER=str(browser))
        self.assertEqual(sorted((self.folder / "opened").read_text().split()),
                         [f"{self.server.address}/#/compare?runs=viewed,other", f"{self.server.address}/#/run/viewed"])

    def test_keras_callback_writes_a_row_an_epoch(self):
        package = self.folder / "keras3"
        (package / "R").mkdir(parents=True)
        (package / "DESCRIPTION").write_text("Package: keras3\nVersion: 1.0\nTitle: x\nDescription: x.\nLicense: x\nAuthor: x\nMaintainer: x <x@x>\n")
        (package / "NAMESPACE").write_text("export(callback_lambda)\n")
        (package / "R/x.R").write_text("callback_lambda <- function(on_epoch_end) list(on_epoch_end = on_epoch_end)\n")
        library = self.folder / "library"
        library.mkdir()
        self.run_command("R", "CMD", "INSTALL", "--no-docs", "--no-test-load", f"--library={library}", package)
        self.r("""
initialize_run("keras")
callback <- run_callback()
for (epoch in 0:1) callback$on_epoch_end(epoch, list(loss = 1 / (epoch + 1), val_loss = 2))
complete_run()
""", R_LIBS=str(library))
        self.assertEqual(self.server.get("/runs/keras/metrics"), {"epoch": [1, 2], "loss": [1, 0.5], "val_loss": [2, 2]})

    def test_ranks_of_a_job_record_one_run(self):
        for rank in "10":
            self.r(f"initialize_run(flags = list(rank = {rank}))\nwrite_run_metadata('metrics', list(step = 1, loss{rank} = {rank}))\n"
                   "complete_run()", SLURM_JOB_ID="8", SLURM_STEP_ID="0", SLURM_PROCID=rank, SLURM_NTASKS="2")
        run = self.server.get("/runs/slurm-8.0")
        self.assertEqual((run["status"], run["flag_rank"]), ("completed", 0))
        self.assertEqual(self.server.get("/runs/slurm-8.0/metrics"), {"step": [1], "loss1": [1], "loss0": [0]})
        for rank in "10":
            self.r(f"initialize_run(flags = list(rank = {rank}))\ncomplete_run()", TORCHELASTIC_RUN_ID="abc", RANK=rank, WORLD_SIZE="2")
        run = self.server.get("/runs/torchrun-abc")
        self.assertEqual((run["status"], run["flag_rank"]), ("completed", 0))

    def test_id_that_the_server_does_not_take_becomes_one(self):
        self.r("initialize_run('a b'); write_run_metadata('metrics', list(loss = 1)); complete_run()")
        self.assertEqual(self.server.steps("a-b"), [1])
        self.assertIn("is no run id", self.complaints)

    def test_of_ranks_that_do_not_agree_only_rank_0_records(self):
        self.r("initialize_run(); write_run_metadata('metrics', list(loss = 1)); complete_run()", RANK="1", WORLD_SIZE="2")
        self.assertIn("do not agree on a run", self.complaints)
        self.assertFalse(self.spool.exists())

    def test_off_records_nothing(self):
        self.r("initialize_run()\nwrite_run_metadata('metrics', list(loss = 1))\nwith_run(1)\ncomplete_run()", RUNDIR_URL="off")
        self.assertFalse(self.spool.exists())

    def test_session_s_random_numbers_are_left_alone(self):
        out = self.r("set.seed(1); a <- runif(1); set.seed(1); initialize_run(); write_run_metadata('metrics', list(loss = 1))\n"
                     "cat(identical(a, runif(1)), '\\n')")
        self.assertEqual(out, ["TRUE "])


class RCommandTests(RTests):
    settings = "options(rundir.curl = 'command')"

    def test_token_is_on_no_command_line(self):
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "curl").write_text(
            '#!/bin/sh\nprintf "%s\\n" "$*" >>"$CALLS"\nwhile [ "$1" != -K ]; do shift; done\n'
            'stat -c %a "$2" >>"$CONFIGURATION"; cat "$2" >>"$CONFIGURATION"\nprintf 401\n')
        (tools / "curl").chmod(0o755)
        calls, configuration = self.folder / "calls", self.folder / "configuration"
        self.r("initialize_run('token')", PATH=f"{tools}:{os.environ['PATH']}", CALLS=str(calls), CONFIGURATION=str(configuration),
               RUNDIR_BACKGROUND="0", RUNDIR_TOKEN='secret"')
        self.assertNotIn("secret", calls.read_text())
        self.assertEqual(configuration.read_text(), '600\nheader = "Authorization: Bearer secret\\""\n')
        self.assertTrue(self.waiting(), "401 is no refusal: the token may change")


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class ListingTests(ClientTestCase):
    """ls_runs() of the runs that tfruns wrote, beside what tfruns' own returned for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kill()
        shutil.copytree(FIXTURES / "runs", cls.server.runs, dirs_exist_ok=True)
        cls.server.start()
        cls.expected = json.loads((FIXTURES / "ls_runs.json").read_text())

    def r(self, code):
        path = self.folder / "list.R"
        path.write_text(f"source('{CLIENTS / 'rundir.R'}')\n{code}\n")
        return self.run_command("Rscript", "--vanilla", path)[0]

    def test_columns_types_and_values_are_those_of_tfruns(self):
        out = self.r("""
runs <- ls_runs()
runs$start <- round(1000 * as.numeric(runs$start)); runs$end <- round(1000 * as.numeric(runs$end))
cat(jsonlite::toJSON(runs, na = "null", digits = NA))
cat("\n")
cat(vapply(ls_runs(), function(column) class(column)[[1]], ""))
""".replace('cat("\n")', r'cat("\n")'))
        text, classes = out.strip().split("\n")
        found = json.loads(text)
        # Paths on the machine of tfruns; what Rundir adds.
        own = {"status"}
        theirs = {"metrics", "source_code"}
        names = [name for name in found[0] if name not in own]
        self.assertEqual(set(names), {name for name in self.expected[0] if name not in theirs})
        order = {run["run_dir"]: run for run in self.expected}
        for run in found:
            for name in names:
                value, wanted = run[name], order[run["run_dir"]][name]
                if name in ("start", "end"):
                    # Milliseconds, which were cut off there.
                    self.assertLessEqual(abs(value - wanted), 1)
                    continue
                self.assertEqual(str(value).strip("\n") if isinstance(value, str) else value,
                                 wanted if wanted != "" else value, f"{run['run_dir']} {name}")
        kinds = dict(zip(found[0], classes.split()))
        self.assertEqual({name: kinds[name] for name in ("start", "completed", "epochs", "learning_rate", "flag_augment", "note")},
                         {"start": "POSIXct", "completed": "logical", "epochs": "integer", "learning_rate": "numeric",
                          "flag_augment": "logical", "note": "character"})

    def test_texts_stay_texts(self):
        other = Server()
        self.addCleanup(other.remove)
        flags = {"hash": "80e5005", "id": "007", "t": "T", "na": "NA", "quote": "a\"b\\\\n\n,ü\x1b", "mixed": 1, "lr": 0.1}
        for number, more in enumerate([{}, {"mixed": "x", "only": True}]):
            body = {"flags": {**flags, **more}, "properties": {"note": "1"}}
            other.request("PUT", f"/runs/r{number}", json.dumps(body).encode())
        other.request("POST", "/runs/r0/metadata/metrics", b'{"step":1,"loss":Infinity}')
        out, _ = self.run_command(
            "Rscript", "--vanilla", "-e",
            f"source('{CLIENTS / 'rundir.R'}'); r <- ls_runs(order = 'run_dir'); cat(vapply(r, typeof, '')[grep('flag|note|metric', names(r))], "
            "'\n'); cat(jsonlite::toJSON(r[r$run_dir == 'runs/r1', grep('flag', names(r))]))",
            RUNDIR_URL=other.address, LC_ALL="C.UTF-8")
        kinds, row = out.split("\n", 1)
        self.assertEqual(kinds.split(), ["double"] + ["character"] * 6 + ["double", "logical", "character"])
        self.assertEqual(json.loads(row), [{"flag_" + name: value for name, value in {**flags, "mixed": "x", "only": True}.items()}])

    def test_no_runs_are_an_empty_listing(self):
        other = Server()
        self.addCleanup(other.remove)
        out, _ = self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); cat(nrow(ls_runs()), is.null(latest_run()))",
                                  RUNDIR_URL=other.address)
        self.assertEqual(out, "0 TRUE")

    def test_runs_are_chosen_and_ordered(self):
        out = self.r("""
cat(ls_runs(eval_acc > 0.9)$run_dir, "\\n")
cat(ls_runs(order = "metric_loss", decreasing = FALSE)$metric_loss, "\\n")
cat(nrow(ls_runs(latest_n = 2)), nrow(ls_runs(where = "status == \\"failed\\"")), "\\n")
cat(latest_run()$run_dir, is.data.frame(latest_run()$metrics), "\\n")
cat(tryCatch(ls_runs(order = "nothing"), error = conditionMessage), "\\n")
cat(tryCatch(ls_runs(where = "nonsense("), error = conditionMessage), "\\n")
""").split("\n")
        self.assertEqual(out[0].split(), ["runs/2026-01-05T09-00-00Z"])
        self.assertEqual(out[1].split(), sorted(out[1].split(), key=float))
        self.assertEqual(out[2].split(), ["2", "1"])
        self.assertEqual(out[3].split()[1], "TRUE")
        self.assertIn("not found: nothing", out[4])
        self.assertTrue(out[5].startswith("400 "), out[5])

    def test_runs_of_many_pages_are_listed(self):
        other = Server()
        self.addCleanup(other.remove)
        for number in range(7):
            other.request("PUT", f"/runs/run-{number}", json.dumps({"flags": {f"f{number}": number}}).encode())
        out, _ = self.run_command(
            "Rscript", "--vanilla", "-e",
            f"source('{CLIENTS / 'rundir.R'}'); body(.rundir$ls_runs)[[2]] <- quote(limit <- 3); cat(dim(.rundir$ls_runs()))",
            RUNDIR_URL=other.address)
        self.assertEqual(out.split()[0], "7")


if __name__ == "__main__":
    unittest.main()
