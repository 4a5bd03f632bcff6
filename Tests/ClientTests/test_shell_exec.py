"""rundir.sh exec, in each shell that is there: a command is a run, and gets no harm from that."""

import io
import os
import signal
import subprocess
import tarfile
import unittest

from cases import BusyboxTestCase, SHELL_CLIENT, ShellTestCase
from support import until


class ShellTests(ShellTestCase):
    def test_command_is_recorded(self):
        project = self.folder / "project"
        (project / "lib").mkdir(parents=True)
        (project / "train.sh").write_text('echo "in: $(cat)"\necho warning >&2\nprintf "%s|" "$@"\numask\necho "$LC_ALL"\n')
        (project / "lib/net.sh").write_text("1\n")
        (project / ".hidden").write_text("1\n")
        (project / "large").write_bytes(bytes((1 << 20) + 1))
        run, out, errors = self.exec("lr=0.1", "x=a b", "--", "sh", "train.sh", "a b", "*", cwd=project, input="given",
                                     LC_ALL="C.UTF-8")
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(out, f"in: given\na b|*|{umask:04o}\nC.UTF-8\n")
        self.assertEqual(errors, "warning\n")
        self.assertEqual((run["status"], run["flag_lr"], run["flag_x"], run["script"]), ("completed", 0.1, "a b", "train.sh"))
        properties = self.server.get(f"/runs/{run['run']}/metadata/properties")
        self.assertEqual((properties["command"], properties["exit_status"]), ("sh train.sh a b *", "0"))
        self.assertIn("duration", properties)
        self.assertEqual(sorted(self.server.output(run["run"])), sorted(out + errors))
        status, body = self.server.request("GET", f"/runs/{run['run']}/metadata/source")
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            self.assertEqual({entry.name for entry in archive if entry.isfile()}, {"source/train.sh", "source/lib/net.sh"})

    def test_status_of_the_command_is_passed_on(self):
        for command, status, state, message in (
                ("exit 0", 0, "completed", None), ("exit 7", 7, "failed", "exit status 7"),
                ("kill -9 $$", 137, "failed", "ended by signal 9")):
            with self.subTest(command):
                run, _, _ = self.exec("--", "sh", "-c", command, status=status)
                self.assertEqual(run["status"], state)
                if message:
                    self.assertEqual(self.server.get(f"/runs/{run['run']}/metadata/error"),
                                     {"message": message, "exit_status": status})

    def test_command_that_does_not_exist_has_its_status(self):
        run, _, errors = self.exec("--", "no-such-command", status=127)
        self.assertEqual(run["status"], "failed")
        self.assertIn("no-such-command", errors)

    def test_signals_are_passed_on(self):
        code = ("import signal, sys, time\n"
                "def end(number, frame):\n    print('got', number, flush=True)\n    sys.exit(128 + number)\n"
                "for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, end)\n"
                "signal.signal(signal.SIGUSR1, lambda *_: print('usr1', flush=True))\n"
                "print('ready', flush=True)\n"
                "while True: time.sleep(0.1)\n")
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                name = f"signal-{int(number)}"
                job = subprocess.Popen([*self.shell, str(SHELL_CLIENT), "exec", "--id", name, "--", "python3", "-c", code],
                                       cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, text=True,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
                self.addCleanup(job.kill)
                self.addCleanup(job.stdout.close)
                self.assertEqual(job.stdout.readline(), "ready\n")
                job.send_signal(signal.SIGUSR1)
                self.assertEqual(job.stdout.readline(), "usr1\n")
                job.send_signal(number)
                # A shell without `env --default-signal` passes SIGINT on as SIGTERM.
                self.assertIn(job.stdout.readline(), (f"got {int(number)}\n", "got 15\n"))
                self.assertIn(job.wait(timeout=60), (128 + number, 143))
                self.assertEqual(self.server.get(f"/runs/{name}")["status"], "stopped")

    def test_output_is_there_while_the_command_runs(self):
        job = subprocess.Popen(
            [*self.shell, str(SHELL_CLIENT), "exec", "--id", "live", "--", "sh", "-c", "echo first; read line; echo $line"],
            cwd=self.folder, env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(job.stdout.close)
        until(lambda: self.server.output("live") == "first\n", "the first line is there")
        self.assertEqual(self.server.get("/runs/live")["status"], "running")
        job.communicate("second\n", timeout=60)
        self.assertEqual(self.server.output("live"), "first\nsecond\n")

    def test_python_in_the_command_joins_its_run(self):
        (self.folder / "train.py").write_text(
            "import rundir, sys\n"
            "with rundir.run(flags={'a': 1}) as run:\n    run.log(loss=1)\n    run.log(loss=2)\n"
            "    if sys.argv[1:]: raise ValueError('bad')\n")
        run, _, _ = self.exec("--", "python3", "train.py")
        self.assertEqual((run["status"], run["flag_a"]), ("completed", 1))
        self.assertEqual(self.server.steps(run["run"]), [1, 2])
        run, _, _ = self.exec("--", "python3", "train.py", "fail", status=1)
        error = self.server.get(f"/runs/{run['run']}/metadata/error")
        self.assertEqual((run["status"], error["message"]), ("failed", "ValueError: bad"))
        self.assertIn("traceback", error)

    def test_server_that_is_away_does_not_harm_the_command(self):
        self.server.kill()
        out, errors = self.run_command(
            *self.shell, SHELL_CLIENT, "exec", "--id", "away", "--", "sh", "-c", "echo one; exit 5", status=5, RUNDIR_WAIT="0")
        self.assertEqual(out, "one\n")
        self.assertIn("is not wholly sent", errors)
        self.server.start()
        self.rundir("send", "--wait", "20")
        self.assertEqual(self.server.output("away"), "one\n")
        self.assertEqual(self.server.get("/runs/away")["status"], "failed")

    def test_spool_that_cannot_be_written_does_not_harm_the_command(self):
        (self.folder / "file").touch()
        out, errors = self.run_command(*self.shell, SHELL_CLIENT, "exec", "--", "sh", "-c", "echo one; exit 5", status=5,
                                       RUNDIR_SPOOL=str(self.folder / "file"))
        self.assertEqual(out, "one\n")
        self.assertIn("cannot be written", errors)
        for words in (["metrics", "loss=1"], ["resume"], ["finish"], ["output", "text"]):
            self.rundir(*words, RUNDIR_SPOOL=str(self.folder / "file"), RUNDIR_RUN="x")
        out = self.rundir("output", input="one\ntwo\n", RUNDIR_SPOOL=str(self.folder / "file"), RUNDIR_RUN="x")
        self.assertEqual(out, "one\ntwo\n")

    def test_off_records_nothing(self):
        out, errors = self.run_command(*self.shell, SHELL_CLIENT, "exec", "a=1", "--", "sh", "-c", "echo one; exit 5", status=5,
                                       RUNDIR_URL="off")
        self.assertEqual((out, errors), ("one\n", ""))
        self.rundir("metrics", "loss=1", RUNDIR_URL="off")
        self.assertFalse(self.spool.exists())

    def test_ranks_of_a_job_record_one_run(self):
        for rank in "10":
            self.rundir("exec", f"rank={rank}", "--", "sh", "-c", f"echo rank {rank}", SLURM_JOB_ID="9", SLURM_PROCID=rank,
                        SLURM_NTASKS="2", SLURM_STEP_ID="3")
        run = self.server.get("/runs/slurm-9.3")
        self.assertEqual((run["status"], run["flag_rank"], run["output"]), ("completed", 0, "rank 0"))
        for rank in "10":
            self.rundir("exec", f"rank={rank}", "--", "sh", "-c", f"echo rank {rank}", TORCHELASTIC_RUN_ID="ab/c", RANK=rank,
                        WORLD_SIZE="2", LOCAL_RANK=rank)
        run = self.server.get("/runs/torchrun-ab-c")
        self.assertEqual((run["status"], run["flag_rank"], run["output"]), ("completed", 0, "rank 0"))

    def test_of_ranks_that_do_not_agree_only_rank_0_records(self):
        out, errors = self.run_command(*self.shell, SHELL_CLIENT, "exec", "a=1", "--", "echo", "one", RANK="1", WORLD_SIZE="2")
        self.assertEqual(out, "one\n")
        self.assertIn("do not agree on a run", errors)
        self.assertFalse(self.spool.exists())


class BusyboxTests(BusyboxTestCase, ShellTests):
    pass


if __name__ == "__main__":
    unittest.main()
