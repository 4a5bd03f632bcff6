"""rundir.R, with the package curl and with the command: the metadata that a script writes."""

import unittest

from cases import RCommandTestCase, RTestCase


class RTests(RTestCase):
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


class RCommandTests(RCommandTestCase, RTests):
    pass


if __name__ == "__main__":
    unittest.main()
