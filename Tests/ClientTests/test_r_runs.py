"""rundir.R, with the package curl and with the command: how runs begin and end, and what is done with them."""

import io
import json
import os
import tarfile
import unittest

from cases import RCommandTestCase, RTestCase


class RTests(RTestCase):
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

    def test_source_is_what_tfruns_takes(self):
        project = self.folder / "project"
        for name in ("train.R", "lib/net.r", "packrat/x.R", "data.csv", ".hidden/y.R"):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text("1\n")
        self.r("initialize_run('source', source = 'project')\ncomplete_run()")
        status, body = self.server.request("GET", "/runs/source/metadata/source")
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            self.assertEqual({entry.name for entry in archive if entry.isfile()}, {"source/train.R", "source/lib/net.r"})

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


class RCommandTests(RCommandTestCase, RTests):
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


if __name__ == "__main__":
    unittest.main()
