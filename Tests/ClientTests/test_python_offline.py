"""rundir.py without a server, and what waits in the spool until there is one."""

import subprocess
import sys
import unittest

from cases import PythonTestCase, SHELL_CLIENT
from support import CLIENTS, SHELLS


class PythonTests(PythonTestCase):
    def test_address_that_is_none_or_off_records_nothing(self):
        for url, complaint in (("off", ""), ("nonsense", "nothing is recorded")):
            out, errors = self.python(
                "import rundir\nwith rundir.run(capture=True) as run:\n    run.log(loss=1)\n    run.source()\n    run.log_file('job.py')\nprint(1)\n",
                RUNDIR_URL=url)
            self.assertEqual(out, "1\n")
            self.assertIn(complaint, errors)
            self.assertEqual(errors == "", complaint == "")

    def test_two_processes_share_a_spool(self):
        self.server.kill()
        code = "with rundir.run(id={!r}) as run:\n    [run.log(step=step, loss=1) for step in range(5)]\n"
        for name in ("shared-1", "shared-2"):
            self.run_job(code.format(name), RUNDIR_WAIT="0")
        self.assertTrue(self.waiting())
        self.server.start()
        # Another client takes them over.
        self.run_command(*SHELLS[0], SHELL_CLIENT, "send")
        self.assertEqual(self.waiting(), [])
        for name in ("shared-1", "shared-2"):
            self.assertEqual(self.server.steps(name), list(range(5)))
            self.assertEqual(self.server.get(f"/runs/{name}")["status"], "completed")

    def test_processes_that_record_and_send_at_once_double_nothing(self):
        code = """
import sys
with rundir.run(id=sys.argv[1]) as run:
    for step in range(300):
        run.log(step=step, **{sys.argv[2]: step})
        if step % 10 == 0:
            run.output(f"{sys.argv[2]} {step}\\n")
            run.flush(0.01)
"""
        path = self.folder / "job.py"
        path.write_text("import rundir\n" + code)
        self.server.kill()
        jobs = [subprocess.Popen([sys.executable, str(path), run, metric], env=self.environment(RUNDIR_WAIT="0"),
                                 stderr=subprocess.DEVNULL)
                for run, metric in (("both", "a"), ("both", "b"), ("own", "c"))]
        for job in jobs:
            self.assertEqual(job.wait(timeout=60), 0)
        self.server.start()
        senders = [[sys.executable, CLIENTS / "rundir.py", "send"], [*SHELLS[0], SHELL_CLIENT, "send"]] * 2
        senders = [subprocess.Popen([str(word) for word in words], env=self.environment(), stderr=subprocess.DEVNULL)
                   for words in senders]
        for sender in senders:
            sender.wait(timeout=60)
        self.run_command(sys.executable, CLIENTS / "rundir.py", "send")
        both = self.server.get("/runs/both/metrics")
        self.assertEqual((both["step"], both["a"], both["b"]), (list(range(300)),) * 3)
        self.assertEqual(self.server.steps("own"), list(range(300)))
        for run, metrics in (("both", "ab"), ("own", "c")):
            lines = self.server.output(run).splitlines()
            self.assertEqual(sorted(lines), sorted(f"{metric} {step}" for metric in metrics for step in range(0, 300, 10)))

    def test_next_run_sends_what_earlier_ones_left(self):
        self.server.kill()
        self.run_job("with rundir.run(id='left') as run: run.log(step=1, loss=1)\n", RUNDIR_WAIT="0")
        self.server.start()
        self.run_job("""
import time
with rundir.run() as run:
    for _ in range(100):
        if rundir.runs(where='run == "left" & status == "completed"'): break
        time.sleep(0.1)
""")
        self.assertEqual(self.server.steps("left"), [1])

    def test_token_is_sent_as_bearer_and_no_file_of_the_spool_has_it(self):
        import http.server
        import threading
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen.append(self.headers.get("Authorization"))
                self.send_response(401)
                self.end_headers()
            do_POST = do_PATCH = do_GET = do_PUT
            log_message = lambda *_: None

        other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(other.server_close)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.shutdown)
        self.run_job("with rundir.run() as run: pass\n", RUNDIR_URL=f"http://127.0.0.1:{other.server_port}",
                     RUNDIR_TOKEN="secret-1", RUNDIR_WAIT="0")
        self.assertIn("Bearer secret-1", seen)
        self.assertTrue(self.waiting(), "401 is no refusal: the token may change")
        for file in self.spool.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"secret-1", file.read_bytes())


if __name__ == "__main__":
    unittest.main()
