"""One process at a time sends what waits for a run. A lock whose owner is gone goes to one other process, never to two."""

import os
import re
import shutil
import sys
import unittest

from support import CLIENTS, ClientTestCase, SHELLS

HOST = re.sub("[^A-Za-z0-9.]", "_", os.uname().nodename)
# No process has this number (proc(5), pid_max).
GONE = f"999999999-abc-{HOST}"
ALIVE = f"{os.getpid()}-abc-{HOST}"


class LocksOfPython(ClientTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.number = 0

    def setUp(self):
        super().setUp()
        type(self).number += 1
        self.name = f"{type(self).__name__}-{self.number}"
        self.python(f"import rundir\nwith rundir.run(id='{self.name}') as run: run.log(step=1, loss=1)\n", RUNDIR_WAIT="0",
                    RUNDIR_URL="http://127.0.0.1:9")
        # What waits for another server waits for this one.
        [place] = self.spool.iterdir()
        place.rename(self.spool / f"http___127.0.0.1_{self.server.port}")
        self.spool.joinpath(f"http___127.0.0.1_{self.server.port}", "away").unlink(missing_ok=True)
        [lane] = self.spool.glob(f"*/runs/{self.name}")
        self.lock = lane / "lock"

    def send(self, **named):
        self.run_command(sys.executable, CLIENTS / "rundir.py", "send", status=None, **named)

    def send_while_another_takes_over(self):
        """Sends; after the lock's owner is found to be gone, another process is faster."""
        self.python(f"""
import os, rundir
real = rundir._Lane._is_gone
def is_gone(folder, name):
    gone = real(folder, name)
    os.rename(os.path.join(folder, name), os.path.join(folder, "{ALIVE}"))
    return gone
rundir._Lane._is_gone = staticmethod(is_gone)
rundir.send()
""")

    def make_lock(self, *owners, age=0):
        self.lock.mkdir(exist_ok=True)
        for owner in owners:
            (self.lock / owner).touch()
        for path in [*self.lock.iterdir(), self.lock]:
            os.utime(path, (path.stat().st_mtime - age,) * 2)

    def check_sent(self):
        self.assertEqual(self.waiting(), [])
        self.assertEqual(self.server.steps(self.name), [1])
        self.assertFalse(self.lock.exists())

    def check_not_sent(self, *owners):
        self.assertTrue(self.waiting())
        self.assertEqual(sorted(path.name for path in self.lock.iterdir()), sorted(owners))

    def test_lock_is_free_after_sending(self):
        self.send()
        self.check_sent()

    def test_lock_of_a_process_that_lives_is_respected(self):
        self.make_lock(ALIVE)
        self.send()
        self.check_not_sent(ALIVE)

    def test_lock_of_a_process_that_is_gone_is_taken_over(self):
        self.make_lock(GONE)
        self.send()
        self.check_sent()

    def test_only_one_process_takes_a_lock_over(self):
        self.make_lock(GONE)
        self.send_while_another_takes_over()
        self.check_not_sent(ALIVE)

    def test_lock_of_another_machine_is_taken_over_when_nothing_was_heard_for_ten_minutes(self):
        other = "1-abc-another.machine"
        self.make_lock(other, age=500)
        self.send()
        self.check_not_sent(other)
        self.make_lock(age=200)
        self.send()
        self.check_sent()

    def test_lock_whose_maker_was_killed_before_it_was_named_is_removed(self):
        self.make_lock(age=30)
        self.send()
        self.check_not_sent()
        self.make_lock(age=90)
        self.send()
        self.send()
        self.check_sent()

    def test_two_processes_that_were_killed_at_once_leave_no_lock(self):
        self.make_lock(GONE, GONE.replace("abc", "def"))
        self.send()
        self.check_sent()


class LocksOfShell(LocksOfPython):
    def send(self, **named):
        self.run_command(*SHELLS[0], CLIENTS / "rundir.sh", "send", status=None, **named)

    def send_while_another_takes_over(self):
        # It touches the file just before it takes it over.
        commands = self.folder / "commands"
        commands.mkdir()
        touch = commands / "touch"
        touch.write_text(f"""#!/bin/sh
case $2 in */{GONE}) mv "$2" "${{2%/*}}/{ALIVE}" ;; esac
exec {shutil.which("touch")} "$@"
""")
        touch.chmod(0o755)
        self.send(PATH=f"{commands}:{os.environ['PATH']}")


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class LocksOfR(LocksOfPython):
    def r(self, code):
        self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); {code}")

    def send(self):
        self.r("send_runs()")

    def send_while_another_takes_over(self):
        self.r(f"""
real <- .rundir$is_gone
.rundir$is_gone <- function(path) {{
  gone <- real(path)
  file.rename(path, file.path(dirname(path), '{ALIVE}'))
  gone
}}
send_runs()""")


if __name__ == "__main__":
    unittest.main()
