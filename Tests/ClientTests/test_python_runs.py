"""rundir.py: how runs begin and end, the output, source and files that they keep, and their listing."""

import ast
import io
import json
import tarfile
import unittest

from cases import PythonTestCase
from support import CLIENTS


class PythonTests(PythonTestCase):
    def test_exception_is_the_run_s_error_and_goes_on(self):
        run = self.run_job("""
with rundir.run() as run:
    print(run.id)
    raise ValueError("too deep \\u00fc")
""", status=1)
        error = self.metadata(run, "error")
        self.assertEqual(error["message"], "ValueError: too deep ü")
        self.assertIn("raise ValueError", "\n".join(error["traceback"]))
        self.assertEqual(self.server.get(f"/runs/{run}")["status"], "failed")
        self.assertIn("ValueError: too deep", self.complaints)

    def test_end_of_the_program_ends_the_run(self):
        run = self.run_job("run = rundir.run()\nprint(run.id)\nrundir.log(loss=1)\n")
        self.assertEqual(self.server.get(f"/runs/{run}")["status"], "completed")
        run = self.run_job("run = rundir.run()\nprint(run.id)\n1 / 0\n", status=1)
        self.assertEqual(self.metadata(run, "error")["message"], "ZeroDivisionError: division by zero")

    def test_exit_status_and_interrupt_end_the_run_as_they_should(self):
        for end, status, state in (("sys.exit(0)", 0, "completed"), ("sys.exit(4)", 4, "failed"),
                                   ("raise KeyboardInterrupt", None, "stopped")):
            with self.subTest(end):
                run = self.run_job(f"import sys\nwith rundir.run() as run:\n    print(run.id)\n    {end}\n", status=status)
                self.assertEqual(self.server.get(f"/runs/{run}")["status"], state)

    def test_runs_at_once_in_one_process_are_all_ended(self):
        self.run_job("""
a, b = rundir.run(id="at-once-1"), rundir.run(id="at-once-2")
a.log(step=1, loss=1)
rundir.log(step=2, loss=2)
b.finish()
rundir.log(step=3, loss=3)
""")
        self.assertEqual((self.server.steps("at-once-1"), self.server.steps("at-once-2")), ([1, 3], [2]))
        for run in ("at-once-1", "at-once-2"):
            self.assertEqual(self.server.get(f"/runs/{run}")["status"], "completed")

    def test_id_that_the_server_does_not_take_becomes_one(self):
        run = self.run_job("with rundir.run(id='../a b/ü') as run:\n    print(run.id)\n    run.log(step=1, loss=1)\n")
        self.assertEqual(run, "a-b--")
        self.assertEqual(self.server.steps(run), [1])
        self.assertIn("is no run id", self.complaints)

    def test_ranks_of_a_job_record_one_run(self):
        code = """
with rundir.run(flags={"rank": 0}) as run:
    run.log(step=1, **{f"loss{run.rank}": run.rank})
"""
        for rank in "10":
            self.run_job(code, SLURM_JOB_ID="77", SLURM_STEP_ID="0", SLURM_PROCID=rank, SLURM_NTASKS="2")
        self.assertEqual(self.server.get("/runs/slurm-77.0/metrics"), {"step": [1], "loss0": [0], "loss1": [1]})
        for rank in "01":
            self.run_job(code, TORCHELASTIC_RUN_ID="abc", RANK=rank, WORLD_SIZE="2")
        self.assertEqual(self.server.get("/runs/torchrun-abc")["status"], "completed")
        self.run_job(code, TORCHELASTIC_RUN_ID="abc", RANK="1", WORLD_SIZE="2", RUNDIR_RUN="named")
        self.assertEqual(self.server.get("/runs/named")["status"], "pending", "only rank 0 starts a run")
        self.run_job(code, TORCHELASTIC_RUN_ID="abc", RANK="0", WORLD_SIZE="2", RUNDIR_RUN="named")
        self.assertEqual(self.server.get("/runs/named/metrics"), {"step": [1], "loss1": [1], "loss0": [0]})

    def test_of_ranks_that_do_not_agree_only_rank_0_records(self):
        self.run_job("with rundir.run() as run: run.log(step=1, loss=1)\n", RANK="1", WORLD_SIZE="2")
        self.assertIn("do not agree on a run", self.complaints)
        self.assertFalse(self.spool.exists())

    def test_rows_of_a_forked_process_are_recorded(self):
        run = self.run_job("""
import os, multiprocessing
with rundir.run() as run:
    print(run.id, flush=True)
    run.log(step=1, loss=1)
    child = os.fork()
    if child == 0:
        run.log(step=2, loss=2)
        os._exit(0)
    os.waitpid(child, 0)
    run.log(step=3, loss=3)
""")
        self.assertEqual(self.server.steps(run), [1, 2, 3])

    def test_output_is_captured_if_asked(self):
        run = self.run_job("""
import sys
with rundir.run(capture=True) as run:
    sys.__stdout__.write(run.id + "\\n")
    print("step 1")
    print("a warning", file=sys.stderr)
print("behind it")
""")
        self.assertEqual(self.server.output(run), "step 1\na warning\n")

    def test_source_of_git_or_else_python_files_is_recorded(self):
        project = self.folder / "project"
        (project / "lib").mkdir(parents=True)
        (project / ".venv").mkdir()
        for name in ("train.py", "lib/net.py", ".venv/other.py", "notes.txt"):
            (project / name).write_text("1\n")
        code = f"with rundir.run(source={str(project)!r}, script='train.py') as run: print(run.id)\n"
        self.assertEqual(self.names_of_source(self.run_job(code)), {"source/train.py", "source/lib/net.py"})
        self.run_command("git", "init", "-q", cwd=project)
        self.run_command("git", "add", "train.py", "notes.txt", cwd=project)
        self.assertEqual(self.names_of_source(self.run_job(code)), {"source/train.py", "source/notes.txt"})

    def names_of_source(self, run):
        status, body = self.server.request("GET", f"/runs/{run}/metadata/source")
        self.assertEqual(status, 200)
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {entry.name for entry in archive if entry.isfile()}

    def test_files_and_folders_are_stored(self):
        logs = self.folder / "logs/a b"
        logs.mkdir(parents=True)
        (logs / "x.txt").write_text("x")
        (logs.parent / "net.pt").write_bytes(bytes(3_000_000))
        run = self.run_job("""
import os
with rundir.run() as run:
    print(run.id)
    run.log_file("logs/net.pt", "models/net.pt")
    os.unlink("logs/net.pt")
    rundir.log_dir("logs")
""")
        self.assertEqual(self.server.request("GET", f"/runs/{run}/files/models/net.pt"), (200, bytes(3_000_000)))
        self.assertEqual(self.server.get(f"/runs/{run}/files/logs/a%20b/x.txt"), "x")

    def test_function_writes_the_files_of_a_type(self):
        run = self.run_job("""
import os
def plot(folder):
    os.makedirs(f"{folder}/plots/deep")
    open(f"{folder}/plots/deep/loss.txt", "w").write("x")
with rundir.run() as run:
    print(run.id)
    run.write("plots", plot)
    run.write("plots", lambda folder: 1 / 0)
""")
        self.assertEqual([file["path"] for file in self.metadata(run, "plots")["files"]], ["plots/deep/loss.txt"])
        self.assertIn("write: ZeroDivisionError", self.complaints)

    def test_runs_are_listed(self):
        for lr in (1, 2, 3):
            self.run_job(f"with rundir.run(flags={{'listed': {lr}}}) as run: pass\n")
        out, _ = self.python("""
import json, rundir
print(json.dumps(rundir.runs(where="flag_listed > 1", order="-flag_listed")))
print(json.dumps(rundir.runs(where="flag_listed > 0", limit=2, columns=["run", "flag_listed"])))
frame = rundir.runs(where="flag_listed > 0", frame=True)
try:
    import pandas
    print(isinstance(frame, pandas.DataFrame) and len(frame) == 3)
except ImportError:
    print(isinstance(frame, list) and len(frame) == 3)
try:
    rundir.runs(where="nonsense(")
except rundir.Error as error:
    print(error)
""")
        first, second, is_frame, error = out.strip().split("\n")
        self.assertEqual([run["flag_listed"] for run in json.loads(first)], [3, 2])
        self.assertEqual([set(run) for run in json.loads(second)], [{"run", "flag_listed"}] * 2)
        self.assertEqual(is_frame, "True")
        self.assertTrue(error.startswith("400 "), error)

    def test_file_is_valid_for_python_3_8(self):
        ast.parse((CLIENTS / "rundir.py").read_text(), feature_version=(3, 8))


if __name__ == "__main__":
    unittest.main()
