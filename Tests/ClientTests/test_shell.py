"""rundir.sh in ordinary use, in each shell that is there."""

import io
import os
import signal
import subprocess
import tarfile
import unittest
from pathlib import Path

from support import CLIENTS, ClientTestCase, SHELLS, until

CLIENT = CLIENTS / "rundir.sh"


class ShellTests(ClientTestCase):
    options = ("--custom-folders",)
    shell = SHELLS[0]

    def rundir(self, *words, **named):
        return self.run_command(*self.shell, CLIENT, *words, **named)[0]

    def exec(self, *words, **named):
        """Runs a command as a run; returns the run, its output and what it complained of."""
        before = {run["run"] for run in self.server.get("/runs")["runs"]}
        out, errors = self.run_command(*self.shell, CLIENT, "exec", *words, **named)
        run = next(run for run in self.server.get("/runs")["runs"] if run["run"] not in before)
        return run, out, errors

    def test_run_is_recorded_step_by_step(self):
        run = self.rundir("start", "lr=0.1", "name=a b&c=ü").strip()
        self.rundir("metrics", "loss=0.5", "acc=1e-05")
        self.rundir("metrics", "loss=NaN")
        self.rundir("metrics", '{"step": 9, "loss": 0.25}')
        self.rundir("flags", "batch_size=32")
        self.rundir("properties", "data=mnist")
        self.rundir("evaluation", "acc=0.97")
        self.rundir("output", "a line")
        self.rundir("output", input="another\nand a last one")
        (self.folder / "a b.txt").write_text("x")
        self.rundir("file", "a b.txt", "sub folder/ü.txt")
        self.assertEqual(self.server.get(f"/runs/{run}")["status"], "running")
        self.rundir("finish")
        found = self.server.get(f"/runs/{run}")
        self.assertEqual((found["status"], found["flag_lr"], found["flag_name"], found["flag_batch_size"], found["data"],
                          found["eval_acc"]), ("completed", 0.1, "a b&c=ü", 32, "mnist", 0.97))
        self.assertEqual(self.server.get(f"/runs/{run}/metrics"),
                         {"step": [1, 2, 9], "loss": [0.5, "NaN", 0.25], "acc": [1e-05, None, None]})
        self.assertEqual(self.server.output(run), "a line\nanother\nand a last one")
        self.assertEqual(self.server.get(f"/runs/{run}/files/sub%20folder/%C3%BC.txt"), "x")
        self.assertEqual(self.waiting(), [])

    def test_run_of_a_given_name_goes_on(self):
        self.rundir("start", "--id", "named")
        self.rundir("metrics", "loss=1", RUNDIR_RUN="named")
        self.rundir("fail", "out of memory", RUNDIR_RUN="named")
        self.assertEqual(self.server.get("/runs/named/metadata/error"), {"message": "out of memory"})
        self.rundir("start", "--id", "named")
        self.assertEqual(self.server.get("/runs/named")["status"], "running")
        self.rundir("metrics", "loss=2", RUNDIR_RUN="named")
        self.assertEqual(self.server.steps("named"), [1, 2])
        self.rundir("finish", "--stopped", RUNDIR_RUN="named")
        self.assertEqual(self.server.get("/runs/named")["status"], "stopped")
        self.rundir("resume", RUNDIR_RUN="named")
        self.assertEqual(self.server.get("/runs/named")["status"], "running")

    def test_rows_without_a_step_get_different_steps(self):
        self.rundir("start", "--id", "steps")
        calls = [subprocess.Popen([*self.shell, str(CLIENT), "metrics", f"m{number}={number}"], cwd=self.folder,
                                  env=self.environment(RUNDIR_RUN="steps")) for number in range(6)]
        for call in calls:
            self.assertEqual(call.wait(timeout=60), 0)
        self.rundir("metrics", '{"loss": 1}')
        self.rundir("send", "--wait", "10")
        rows = self.server.get("/runs/steps/metrics")
        self.assertEqual(rows["step"], [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(rows["loss"], [None] * 6 + [1])
        self.assertEqual(sorted(value for number in range(6) for value in rows[f"m{number}"] if value is not None), list(range(6)))

    def test_rows_without_a_step_follow_the_greatest_that_is_known(self):
        # What others recorded, a row without a step behind it among that.
        self.server.request("POST", "/runs/follow/metadata/metrics", b'[{"step": 1e2, "loss": 9}, {"epoch": 1, "loss": 8}]')
        self.rundir("start", "--id", "follow")
        self.rundir("metrics", "step=007", "loss=1", RUNDIR_RUN="follow")
        self.rundir("metrics", "loss=2", RUNDIR_RUN="follow")
        self.assertEqual(self.server.steps("follow"), [7, 100, None, 101])
        run = self.rundir("start").strip()
        for words in (["step=008", "loss=1"], ["step=3", "loss=1"], ["loss=1"], ['{"a": {"b": 1}, "step": 20}'], ["loss=2"]):
            self.rundir("metrics", *words, RUNDIR_RUN=run)
        self.assertEqual(self.server.steps(run), [3, 8, 9, 20, 21])

    def test_error_that_reads_as_a_number_ends_the_run(self):
        run = self.rundir("start").strip()
        self.rundir("fail", "137")
        self.assertEqual(self.server.get(f"/runs/{run}/metadata/error"), {"message": "137"})
        self.assertEqual(self.server.get(f"/runs/{run}")["status"], "failed")

    def test_printed_numbers_are_an_evaluation(self):
        run = self.rundir("start").strip()
        self.rundir("evaluation", "acc=.5", "loss=nan", "a=-inf")
        self.assertEqual(self.server.get(f"/runs/{run}/metadata/evaluation"), {"acc": 0.5, "loss": "NaN", "a": "-Inf"})

    def test_id_that_the_server_does_not_take_becomes_one(self):
        out, errors = self.run_command(*self.shell, CLIENT, "start", "--id", "../a b/ü")
        self.assertRegex(out, r"^a-b-+\n$")
        self.assertIn("is no run id", errors)
        self.rundir("metrics", "loss=1")
        self.assertEqual(self.server.steps(out.strip()), [1])

    def test_of_ranks_that_do_not_agree_only_rank_0_records(self):
        out, errors = self.run_command(*self.shell, CLIENT, "exec", "a=1", "--", "echo", "one", RANK="1", WORLD_SIZE="2")
        self.assertEqual(out, "one\n")
        self.assertIn("do not agree on a run", errors)
        self.assertFalse(self.spool.exists())

    def test_metadata_of_other_types_is_written(self):
        self.rundir("start", "--id", "types")
        self.rundir("write", "flags", input='{"lr": 1}')
        plots = self.folder / "made/plots"
        plots.mkdir(parents=True)
        (plots / "a.txt").write_text("x")
        self.rundir("write", "plots", "made")
        self.assertEqual(self.server.get("/runs/types/metadata/flags"), {"lr": 1})
        self.assertEqual([file["path"] for file in self.server.get("/runs/types/metadata/plots")["files"]], ["plots/a.txt"])

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

    def test_source_is_what_git_tracks(self):
        project = self.folder / "project"
        project.mkdir()
        names = ["a b.txt", "new\nline.txt", "ü.txt"]
        for name in [*names, "untracked.txt", "removed.txt"]:
            (project / name).write_text("1\n")
        self.run_command("git", "init", "-q", cwd=project)
        self.run_command("git", "add", *names, "removed.txt", cwd=project)
        (project / "removed.txt").unlink()
        run = self.rundir("start").strip()
        self.rundir("source", "project")
        status, body = self.server.request("GET", f"/runs/{run}/metadata/source")
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            found = {entry.name for entry in archive if entry.isfile()}
        self.assertEqual(found, {"source/a b.txt", "source/ü.txt"}, "a name with a line feed is left out")

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
                job = subprocess.Popen([*self.shell, str(CLIENT), "exec", "--id", name, "--", "python3", "-c", code],
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
            [*self.shell, str(CLIENT), "exec", "--id", "live", "--", "sh", "-c", "echo first; read line; echo $line"],
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
            *self.shell, CLIENT, "exec", "--id", "away", "--", "sh", "-c", "echo one; exit 5", status=5, RUNDIR_WAIT="0")
        self.assertEqual(out, "one\n")
        self.assertIn("is not wholly sent", errors)
        self.server.start()
        self.rundir("send", "--wait", "20")
        self.assertEqual(self.server.output("away"), "one\n")
        self.assertEqual(self.server.get("/runs/away")["status"], "failed")

    def test_spool_that_cannot_be_written_does_not_harm_the_command(self):
        (self.folder / "file").touch()
        out, errors = self.run_command(*self.shell, CLIENT, "exec", "--", "sh", "-c", "echo one; exit 5", status=5,
                                       RUNDIR_SPOOL=str(self.folder / "file"))
        self.assertEqual(out, "one\n")
        self.assertIn("cannot be written", errors)
        for words in (["metrics", "loss=1"], ["resume"], ["finish"], ["output", "text"]):
            self.rundir(*words, RUNDIR_SPOOL=str(self.folder / "file"), RUNDIR_RUN="x")
        out = self.rundir("output", input="one\ntwo\n", RUNDIR_SPOOL=str(self.folder / "file"), RUNDIR_RUN="x")
        self.assertEqual(out, "one\ntwo\n")

    def test_off_records_nothing(self):
        out, errors = self.run_command(*self.shell, CLIENT, "exec", "a=1", "--", "sh", "-c", "echo one; exit 5", status=5,
                                       RUNDIR_URL="off")
        self.assertEqual((out, errors), ("one\n", ""))
        self.rundir("metrics", "loss=1", RUNDIR_URL="off")
        self.assertFalse(self.spool.exists())

    def test_misuse_is_told(self):
        for words, told in ((["nonsense"], "no command nonsense"), (["metrics"], "needs NAME=VALUE"),
                            (["metrics", "loss"], "loss is not NAME=VALUE"), (["exec", "--"], "and a command"),
                            (["exec", "sh"], "put -- before"), (["metrics", "loss=1"], "no run was started")):
            with self.subTest(words):
                _, errors = self.run_command(*self.shell, CLIENT, *words, status=2)
                self.assertIn(told, errors)

    def test_token_is_on_no_command_line(self):
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "curl").write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>"$CALLS"\ncat >>"$CONFIGURATION"\nprintf 401\n')
        (tools / "curl").chmod(0o755)
        (self.folder / "token").write_text('a"b\\c\n')
        for given, sent in (({"RUNDIR_TOKEN": "secret"}, "secret"), ({"RUNDIR_TOKEN_FILE": str(self.folder / "token")}, 'a\\"b\\\\c')):
            calls, configuration = self.folder / "calls", self.folder / "configuration"
            configuration.write_text("")
            self.rundir("start", "--id", "t", PATH=f"{tools}:{os.environ['PATH']}", CALLS=str(calls),
                        CONFIGURATION=str(configuration), RUNDIR_BACKGROUND="0", **given)
            self.assertNotIn("secret", calls.read_text())
            self.assertIn(f'header = "Authorization: Bearer {sent}"\n', configuration.read_text())
            for away in self.spool.glob("*/away"):
                away.unlink()
        self.assertTrue(self.waiting(), "401 is no refusal: the token may change")

    def test_process_in_the_background_is_the_owner_of_its_locks(self):
        self.rundir("start", "--id", "later")
        self.server.pause()
        self.addCleanup(self.server.go_on)
        self.rundir("metrics", "loss=1", RUNDIR_RUN="later", RUNDIR_TIMEOUT="2")
        [owner] = until(lambda: list(self.spool.glob("*/runs/later/lock/*")), "the background sends")
        # The call itself has ended.
        command = Path(f"/proc/{owner.name.partition('-')[0]}/cmdline").read_bytes()
        self.assertIn(b"rundir.sh", command)
        self.server.go_on()
        until(lambda: self.server.steps("later") == [1], "the row is there")

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


class BusyboxTests(ShellTests):
    @classmethod
    def setUpClass(cls):
        if ["busybox", "sh"] not in SHELLS:
            raise unittest.SkipTest("there is no busybox")
        cls.shell = ["busybox", "sh"]
        super().setUpClass()


if __name__ == "__main__":
    unittest.main()
