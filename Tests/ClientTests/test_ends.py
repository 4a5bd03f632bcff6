"""Ways in which a process of Python ends, and what becomes of its run."""

import signal
import subprocess
import sys
import unittest

from support import ClientTestCase, PATIENCE, until


class EndsByExit(ClientTestCase):
    def status_after(self, end, run, **named):
        self.python(f"import rundir, sys, threading\nrun = rundir.run(id={run!r})\nrun.log(step=1, loss=1)\n{end}\n", **named)
        return self.server.get(f"/runs/{run}")["status"]

    def test_status_of_sys_exit_is_the_run_s(self):
        self.assertEqual(self.status_after("sys.exit(3)", "three", status=3), "failed")
        self.assertEqual(self.server.get("/runs/three/metadata/error")["message"], "exit status 3")
        self.assertEqual(self.status_after("sys.exit('no data')", "text", status=1), "failed")
        self.assertEqual(self.status_after("sys.exit()", "none"), "completed")
        self.assertEqual(self.status_after("sys.exit(0)", "zero"), "completed")

    def test_run_that_was_finished_stays_completed(self):
        self.assertEqual(self.status_after("run.finish()\nsys.exit(3)", "finished", status=3), "completed")

    def test_sys_exit_of_a_thread_or_before_the_run_is_not_that_of_the_process(self):
        self.assertEqual(self.status_after("thread = threading.Thread(target=sys.exit, args=(3,))\nthread.start()\nthread.join()",
                                           "thread"), "completed")
        self.python("import rundir, sys\ntry:\n    sys.exit(2)\nexcept SystemExit:\n    pass\nrun = rundir.run(id='before')\n")
        self.assertEqual(self.server.get("/runs/before")["status"], "completed")


class EndsBySignal(ClientTestCase):
    def start(self, code, **settings):
        """Starts a job, and waits until it has printed `ready`."""
        path = self.folder / "job.py"
        path.write_text("import rundir, signal, sys, time\n" + code)
        job = subprocess.Popen([sys.executable, str(path)], env=self.environment(**settings), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (job.kill(), job.communicate()))
        self.assertEqual(job.stdout.readline(), "ready\n")
        return job

    def end(self, job):
        job.send_signal(signal.SIGTERM)
        return job.communicate(timeout=2 * PATIENCE)

    rows = """
[run.log(step=step, loss=step) for step in range(1000)]
run.output("text\\n")
print("ready", flush=True)
time.sleep(120)
"""

    def test_rows_arrive_and_the_run_is_stopped(self):
        job = self.start("run = rundir.run(id='stopped')" + self.rows)
        self.end(job)
        self.assertEqual(job.returncode, -signal.SIGTERM)
        self.assertEqual(self.server.get("/runs/stopped")["status"], "stopped")
        self.assertEqual(self.server.steps("stopped"), list(range(1000)))
        self.assertEqual(self.waiting(), [])

    def test_rows_wait_in_the_spool_while_the_server_is_away_or_stuck(self):
        for name, harm, mend in (("away", self.server.kill, self.server.start), ("stuck", self.server.pause, self.server.go_on)):
            with self.subTest(name):
                harm()
                try:
                    job = self.start(f"run = rundir.run(id='rows-{name}', resume=True)" + self.rows, RUNDIR_WAIT="1")
                    # It may be killed while it waits for the server: all is in the spool before.
                    job.send_signal(signal.SIGTERM)
                    until(lambda: any(b'"completed":false' in body.read_bytes() for body in self.spool.glob("*/runs/*/*.body")),
                          "the end of the run is in the spool")
                    job.kill()
                    job.communicate(timeout=PATIENCE)
                finally:
                    mend()
                self.python("import rundir\nassert rundir.send()\n")
                self.assertEqual(self.server.get(f"/runs/rows-{name}")["status"], "stopped")
                self.assertEqual(self.server.steps(f"rows-{name}"), list(range(1000)))
                self.assertEqual(self.server.output(f"rows-{name}"), "text\n")

    def test_process_ends_in_time(self):
        self.server.pause()
        try:
            job = self.start("run = rundir.run(id='in-time', resume=True)" + self.rows, RUNDIR_WAIT="1")
            self.end(job)
        finally:
            self.server.go_on()
        self.assertEqual(job.returncode, -signal.SIGTERM)

    def test_handler_of_the_program_stays(self):
        for name, before, behind in (("before", "signal.signal(signal.SIGTERM, mine)", ""),
                                     ("behind", "", "signal.signal(signal.SIGTERM, mine)"),
                                     ("around", "", "its = signal.getsignal(signal.SIGTERM); signal.signal(signal.SIGTERM, mine)")):
            with self.subTest(name):
                job = self.start(f"""
its = None
def mine(*arguments):
    if its: its(*arguments)
    run.log(step=2, loss=2)
    run.finish()
    sys.exit(7)
{before}
run = rundir.run(id={name!r})
{behind}
run.log(step=1, loss=1)
print("ready", flush=True)
time.sleep(120)
""")
                self.end(job)
                self.assertEqual(job.returncode, 7)
                self.assertEqual(self.server.get(f"/runs/{name}")["status"], "completed")
                self.assertEqual(self.server.steps(name), [1, 2])

    def test_handler_is_gone_with_the_run_and_in_a_child(self):
        out, _ = self.python("""
import os, rundir, signal, time
with rundir.run() as run:
    child = os.fork()
    if child == 0:
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
""")
        self.assertEqual(out, "True\nTrue\n")


if __name__ == "__main__":
    unittest.main()
