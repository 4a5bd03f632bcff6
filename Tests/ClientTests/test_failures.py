"""The server goes away, comes back, has a full disk, hangs, has another token: nothing is lost, nothing is doubled, and the job
never notices. The same scenario for every client."""

import random
import shutil
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

from support import BINARY, CLIENTS, ClientTestCase, HERE, LONG, PATIENCE, SHELLS, Server, until

RUN = "lr-0.1"
HAS_TOKENS = "\n  token " in subprocess.run([BINARY, "--help"], stdout=subprocess.PIPE, text=True).stdout


def status_of(request):
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


class FailuresOfPython(ClientTestCase):
    command = [sys.executable, HERE / "jobs/job.py"]
    send = [sys.executable, CLIENTS / "rundir.py", "send"]
    # How often one process says that something was refused; in the shell each call is a process.
    times_said = 1

    @classmethod
    def setUpClass(cls):
        cls.server = None

    def setUp(self):
        super().setUp()
        self.server = Server(disk=True)
        self.addCleanup(self.server.remove)
        with open(self.folder / "errors", "w", encoding="utf-8") as errors:
            self.job = subprocess.Popen(
                [str(word) for word in self.command], cwd=self.folder, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, env=self.environment(RUNDIR_TIMEOUT="2", RUNDIR_WAIT="1"))
        self.addCleanup(self.end_job)
        self.told_rows, self.told_text = [], ""

    def end_job(self):
        self.job.kill()
        self.job.wait()
        self.job.stdin.close()
        self.job.stdout.close()

    def tell(self, *lines):
        """Tells the job what to do, and waits until it has done so."""
        for line in lines:
            self.job.stdin.write(line + "\n")
            self.job.stdin.flush()
            self.assertEqual(self.job.stdout.readline(), "done\n", (line, self.errors()))
            command, _, rest = line.partition(" ")
            if command == "row":
                self.told_rows.append(int(rest))
            elif command == "text":
                self.told_text += rest + "\n"

    def errors(self):
        return (self.folder / "errors").read_text()

    def until_all_is_there(self):
        until(lambda: self.server.steps(RUN) == self.told_rows and self.server.output(RUN) == self.told_text,
              lambda: f"{self.server.steps(RUN)} is {self.told_rows}, {self.server.output(RUN)!r} is {self.told_text!r}; "
                      f"{self.waiting()} {self.errors()}")

    def begin(self):
        self.tell(f"start {RUN}", "row 1", "row 2", "text one")
        self.until_all_is_there()

    def end(self):
        """Ends the run and the job, and looks that everything is there once."""
        self.tell("finish")
        self.job.stdin.write("exit 3\n")
        self.job.stdin.flush()
        self.assertEqual(self.job.wait(timeout=PATIENCE), 3, "the job's exit status is its own")
        self.run_command(*self.send, status=None)
        self.until_all_is_there()
        run = self.server.get(f"/runs/{RUN}")
        self.assertEqual((run["status"], run["flag_lr"]), ("completed", 0.1))
        rows = self.server.get(f"/runs/{RUN}/metrics")
        self.assertEqual(rows["loss"], [step / 10 for step in self.told_rows])
        until(lambda: not self.waiting(), "nothing waits")

    def test_server_that_is_away_gets_everything_once_it_is_back(self):
        self.begin()
        self.server.kill()
        began = time.monotonic()
        self.tell("row 3", "text two", "row 4", "text three")
        self.assertLess(time.monotonic() - began, PATIENCE)
        until(lambda: self.waiting(), "something waits in the spool")
        self.server.start()
        self.tell("row 5")
        self.until_all_is_there()
        self.end()
        self.assertEqual(self.refused(), [])
        self.assertEqual(self.errors().count("what is recorded waits in"), 1, self.errors())

    def test_server_that_is_away_at_the_end_gets_everything_from_a_later_process(self):
        self.begin()
        self.server.kill()
        self.tell("row 3", "text two")
        self.tell("finish")
        self.assertTrue(self.waiting())
        self.assertIn("is not wholly sent", self.errors())
        self.server.start()
        self.job.stdin.write("exit 3\n")
        self.job.stdin.flush()
        self.assertEqual(self.job.wait(timeout=PATIENCE), 3)
        self.run_command(*self.send)
        self.until_all_is_there()
        self.assertEqual(self.server.get(f"/runs/{RUN}")["status"], "completed")

    @unittest.skipUnless(LONG, "in the long form")
    def test_server_that_is_killed_again_and_again_gets_everything_once(self):
        self.begin()
        stopped = threading.Event()

        def kill():
            chance = random.Random(7)
            while not stopped.wait(chance.uniform(0.2, 1.5)):
                if chance.random() < 0.3:
                    self.server.pause()
                    stopped.wait(chance.uniform(0.5, 3))
                self.server.kill()
                stopped.wait(chance.uniform(0, 1))
                self.server.start()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for step in range(3, 250):
                self.tell(f"row {step}", f"text line {step}")
                time.sleep(0.1)
        finally:
            stopped.set()
            killer.join()
        self.until_all_is_there()
        self.end()
        self.assertEqual(self.refused(), [])

    def test_server_with_a_full_disk_gets_everything_once_there_is_room(self):
        if not self.server.disk.is_mounted:
            self.skipTest("needs the right to mount a tmpfs")
        self.begin()
        self.server.disk.fill()
        self.tell("row 3", "text two")
        # The journal has some room of its own.
        for step in range(4, 8):
            self.tell(f"row {step}")
        until(lambda: self.server.request("POST", f"/runs/{RUN}/metadata/properties", b"a=1")[0] == 507, "the disk is full")
        self.tell("row 8", "text three")
        until(lambda: self.waiting(), "something waits in the spool")
        self.server.disk.free()
        self.until_all_is_there()
        self.end()
        self.assertEqual(self.refused(), [])

    def test_server_that_hangs_gets_everything_once(self):
        self.begin()
        self.server.pause()
        self.tell("row 3", "text two")
        # What was sent has got no reply in time.
        until(lambda: self.waiting() and "what is recorded waits in" in self.errors(), "the client gave up")
        self.server.go_on()
        self.tell("row 4", "text three")
        self.until_all_is_there()
        self.end()

    @unittest.skipUnless(HAS_TOKENS, "this server has no tokens")
    def test_changed_token_is_used_at_once(self):
        token_file = self.folder / ".config/rundir/token"
        token_file.parent.mkdir(parents=True)
        self.begin()

        def token(*words):
            return subprocess.run([BINARY, "token", *words, "--runs", str(self.server.runs)], check=True, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()

        # One that stays: without any token, none would be needed.
        self.server.token = token("create", "test", "--right", "write")
        first = token("create", "job", "--right", "write")
        token_file.write_text(first + "\n")
        self.tell("row 3", "text two")
        self.until_all_is_there()
        token("revoke", "job")
        with_first = urllib.request.Request(self.server.address + "/runs", headers={"Authorization": "Bearer " + first})
        until(lambda: status_of(with_first) == 401, "the server does not take the first token")
        self.tell("row 4", "text three")
        until(lambda: self.waiting(), "something waits for another token")
        token_file.write_text(token("create", "job", "--right", "write") + "\n")
        self.until_all_is_there()
        self.end()
        self.assertEqual(self.refused(), [])

    def test_what_is_refused_is_kept_and_said_once(self):
        self.begin()
        self.tell("row 3", "bad", "bad", "row 4", "text two")
        self.until_all_is_there()
        until(lambda: self.refused(), "the row is kept")
        self.end()
        self.assertIn(b"step", self.refused()[0].with_suffix(".body").read_bytes())
        self.assertIn("a metric is a number", self.refused()[0].with_suffix(".reply").read_text())
        self.assertEqual(self.errors().count("was refused: 422"), self.times_said, self.errors())


class FailuresOfShell(FailuresOfPython):
    command = ["sh", HERE / "jobs/job.sh", CLIENTS / "rundir.sh", *SHELLS[0]]
    send = [*SHELLS[0], CLIENTS / "rundir.sh", "send"]
    times_said = 2


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class FailuresOfR(FailuresOfPython):
    command = ["Rscript", "--vanilla", HERE / "jobs/job.R", CLIENTS / "rundir.R"]
    send = ["Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); send_runs()"]



if __name__ == "__main__":
    unittest.main()
