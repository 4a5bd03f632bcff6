"""The spool's folder cannot be made: what is recorded arrives all the same, and the job never notices."""

import os
import shutil
import stat
import subprocess
import sys
import time
import unittest

from support import CLIENTS, ClientTestCase, SHELLS


class NoSpool(ClientTestCase):
    def setUp(self):
        super().setUp()
        # Not even root can make a folder below a file.
        (self.folder / "file").touch()
        self.below_file = str(self.folder / "file/spool")
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.other = self.temporary / f"rundir-{os.getuid()}"

    def environment(self, **more):
        return super().environment(**{"RUNDIR_SPOOL": self.below_file, "TMPDIR": str(self.temporary), **more})

    def check_other_is_private(self):
        self.assertEqual(stat.S_IMODE(self.other.stat().st_mode), 0o700)


class NoSpoolOfPython(NoSpool):
    def test_run_is_recorded_while_the_server_is_there(self):
        _, errors = self.python("""
import rundir
with rundir.run(id="direct") as run:
    for step in range(100):
        run.log(loss=step)
    run.output("text\\n")
    run.log_file("job.py")
    run.log_file("nowhere")
    run.log(step=200, loss="bad")
    run.log(step=201, loss=1)
""")
        self.assertEqual(self.server.get("/runs/direct")["status"], "completed")
        self.assertEqual(self.server.steps("direct"), [*range(1, 101), 201])
        self.assertEqual(self.server.output("direct"), "text\n")
        self.assertIn("import rundir", self.server.get("/runs/direct/files/job.py"))
        self.assertIn("log_file: FileNotFoundError", errors)
        self.assertIn("was refused", errors)
        self.assertNotIn("Traceback", errors)

    def test_rows_arrive_once_the_server_is_there(self):
        self.server.kill()
        code = f"""
import os, rundir, time
run = rundir.run(id="later")
run.log(step=1, loss=1)
time.sleep(1)
print("away", flush=True)
while not os.path.exists({str(self.folder / "there")!r}):
    time.sleep(0.05)
run.log(step=2, loss=2)
run.finish(wait=60)
"""
        path = self.folder / "job.py"
        path.write_text(code)
        with subprocess.Popen([sys.executable, str(path)], env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as job:
            self.assertEqual(job.stdout.readline(), "away\n")
            self.server.start()
            (self.folder / "there").touch()
            _, errors = job.communicate(timeout=120)
        self.assertEqual(job.returncode, 0)
        self.assertNotIn("Traceback", errors)
        self.assertEqual(self.server.get("/runs/later")["status"], "completed")
        self.assertEqual(self.server.steps("later"), [1, 2])

    def test_end_of_the_job_says_what_is_lost(self):
        began = time.monotonic()
        _, errors = self.python("import rundir\nwith rundir.run() as run: run.log(loss=1)\n", RUNDIR_WAIT="1",
                                RUNDIR_URL="http://127.0.0.1:9")
        self.assertIn("is lost", errors)
        self.assertNotIn("Traceback", errors)
        # Not the time for two replies more.
        self.assertLess(time.monotonic() - began, 20)


class NoSpoolOfShell(NoSpool):
    shell = SHELLS[0]

    def rundir(self, *words, **named):
        return self.run_command(*self.shell, CLIENTS / "rundir.sh", *words, **named)

    def test_another_folder_is_the_spool(self):
        run = self.rundir("start")[0].strip()
        self.rundir("metrics", "loss=1")
        self.rundir("metrics", "loss=2")
        _, errors = self.rundir("finish")
        self.assertIn(f"waits in {self.other}", errors)
        self.check_other_is_private()
        self.assertEqual(self.server.get(f"/runs/{run}")["status"], "completed")
        self.assertEqual(self.server.steps(run), [1, 2])

    def test_what_waits_there_is_sent_later(self):
        self.server.kill()
        self.rundir("exec", "--id", "waits", "--", "sh", "-c", "echo one; exit 5", status=5, RUNDIR_WAIT="0",
                    RUNDIR_BACKGROUND="0")
        self.server.start()
        self.rundir("send", "--wait", "60")
        self.assertEqual(self.server.output("waits"), "one\n")
        self.assertEqual(self.server.get("/runs/waits")["status"], "failed")

    def test_folder_that_others_can_read_is_not_used_and_no_row_blocks(self):
        self.other.mkdir()
        self.other.chmod(0o755)
        began = time.monotonic()
        _, errors = self.rundir("metrics", "loss=1", RUNDIR_RUN="x")
        # A row waits 15 seconds for a lock that another process has.
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("something is not recorded", errors)
        out, _ = self.rundir("exec", "--", "sh", "-c", "echo one; exit 5", status=5)
        self.assertEqual(out, "one\n")
        self.assertEqual(list(self.other.iterdir()), [])


@unittest.skipUnless(["busybox", "sh"] in SHELLS, "there is no busybox")
class NoSpoolOfBusyBox(NoSpoolOfShell):
    shell = ["busybox", "sh"]


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class NoSpoolOfR(NoSpool):
    def r(self, code, **named):
        return self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); {code}", **named)

    def test_another_folder_is_the_spool(self):
        _, errors = self.r("initialize_run('other-r'); write_run_metadata('metrics', list(loss = 1)); complete_run()")
        self.assertEqual(errors.count(f"waits in {self.other}"), 1, errors)
        self.check_other_is_private()
        self.assertEqual(self.server.get("/runs/other-r")["status"], "completed")
        self.assertEqual(self.server.steps("other-r"), [1])

    def test_folder_that_others_can_read_is_not_used(self):
        self.other.mkdir()
        self.other.chmod(0o755)
        out, errors = self.r("initialize_run(); write_run_metadata('metrics', list(loss = 1)); complete_run(); cat('trained')")
        self.assertEqual(out, "trained")
        self.assertIn("something is not recorded", errors)
        self.assertEqual(list(self.other.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
