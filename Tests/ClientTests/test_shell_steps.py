"""rundir.sh, in each shell that is there: a run that a script records step by step."""

import io
import os
import subprocess
import tarfile
import unittest
from pathlib import Path

from cases import BusyboxTestCase, SHELL_CLIENT, ShellTestCase
from support import until


class ShellTests(ShellTestCase):
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
        calls = [subprocess.Popen([*self.shell, str(SHELL_CLIENT), "metrics", f"m{number}={number}"], cwd=self.folder,
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
        out, errors = self.run_command(*self.shell, SHELL_CLIENT, "start", "--id", "../a b/ü")
        self.assertRegex(out, r"^a-b-+\n$")
        self.assertIn("is no run id", errors)
        self.rundir("metrics", "loss=1")
        self.assertEqual(self.server.steps(out.strip()), [1])

    def test_metadata_of_other_types_is_written(self):
        self.rundir("start", "--id", "types")
        self.rundir("write", "flags", input='{"lr": 1}')
        plots = self.folder / "made/plots"
        plots.mkdir(parents=True)
        (plots / "a.txt").write_text("x")
        self.rundir("write", "plots", "made")
        self.assertEqual(self.server.get("/runs/types/metadata/flags"), {"lr": 1})
        self.assertEqual([file["path"] for file in self.server.get("/runs/types/metadata/plots")["files"]], ["plots/a.txt"])

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

    def test_misuse_is_told(self):
        for words, told in ((["nonsense"], "no command nonsense"), (["metrics"], "needs NAME=VALUE"),
                            (["metrics", "loss"], "loss is not NAME=VALUE"), (["exec", "--"], "and a command"),
                            (["exec", "sh"], "put -- before"), (["metrics", "loss=1"], "no run was started")):
            with self.subTest(words):
                _, errors = self.run_command(*self.shell, SHELL_CLIENT, *words, status=2)
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


class BusyboxTests(BusyboxTestCase, ShellTests):
    pass


if __name__ == "__main__":
    unittest.main()
