"""rundir.py in ordinary use."""

import ast
import io
import json
import subprocess
import sys
import tarfile
import unittest

from support import CLIENTS, ClientTestCase, LONG, SHELLS


class PythonTests(ClientTestCase):
    options = ("--custom-folders",)

    def run_job(self, code, **named):
        """Runs a job that prints its run's id first, and returns the id."""
        out, self.complaints = self.python("import rundir\n" + code, **named)
        return out.split("\n")[0]

    def metadata(self, run, type):
        return self.server.get(f"/runs/{run}/metadata/{type}")

    def test_run_is_recorded(self):
        run = self.run_job("""
with rundir.run(flags={"lr": 0.1, "opt": "adam"}, properties={"data": "mnist"}) as run:
    print(run.id)
    for step in range(3):
        run.log(step=step, loss=1 / (step + 1))
    run.log({"train/acc": 0.5}, step=2)
    run.flags(batch_size=32)
    run.evaluation(acc=0.97)
    run.evaluation({"loss": float("nan")})
""")
        found = self.server.get(f"/runs/{run}")
        self.assertEqual((found["status"], found["flag_lr"], found["flag_opt"], found["flag_batch_size"], found["eval_acc"],
                          found["script"], found["data"]),
                         ("completed", 0.1, "adam", 32, 0.97, "job.py", "mnist"))
        self.assertEqual(self.metadata(run, "evaluation"), {"acc": 0.97, "loss": "NaN"})
        self.assertEqual(self.server.get(f"/runs/{run}/metrics"),
                         {"step": [0, 1, 2], "loss": [1, 0.5, 1 / 3], "train/acc": [None, None, 0.5]})
        self.assertEqual(self.complaints, "")
        self.assertEqual(self.waiting(), [])
        self.assertGreater(found["end"], found["start"])

    def test_row_without_a_step_gets_the_next_one(self):
        run = self.run_job("""
with rundir.run() as run:
    print(run.id)
    run.log(loss=3)
    run.log(loss=2)
    run.log(step=10, loss=1)
    run.log(loss=0)
    run.log(epoch=5, loss=7)
""")
        rows = self.server.get(f"/runs/{run}/metrics")
        self.assertEqual([step for step in rows["step"] if step is not None], [1, 2, 10, 11])
        self.assertEqual(rows["loss"], [3, 2, 1, 0, 7])

    def test_rows_without_a_step_follow_those_that_were_given(self):
        # The run may have rows already; those that were just given have not arrived.
        self.run_job("""
with rundir.run(id="given") as run:
    run.log(step=100.0, loss=3)
    run.log(step=7, loss=2)
    run.log(loss=1)
""")
        self.assertEqual(self.server.get("/runs/given/metrics"), {"step": [7, 100, 101], "loss": [2, 3, 1]})

    def test_row_of_an_epoch_that_is_sent_again_is_the_same_row(self):
        # Together in one request as one by one, with rows before them and without.
        self.run_job("""
with rundir.run(id="epochs") as run:
    for loss in (3, 2):
        run.log(epoch=1, loss=loss)
    run.flush()
    for loss in (1, 0.5):
        run.log(epoch=2, loss=loss, acc=1)
""")
        self.assertEqual(self.server.get("/runs/epochs/metrics"), {"epoch": [1, 2], "loss": [2, 0.5], "acc": [None, 1]})
        self.assertEqual(self.refused(), [])

    def test_truth_is_a_number_in_an_evaluation_too(self):
        run = self.run_job("""
with rundir.run() as run:
    print(run.id)
    run.evaluation(converged=True, folds=[True, 0.5], nested={"a": False}, loss=float("-inf"))
""")
        self.assertEqual(self.metadata(run, "evaluation"),
                         {"converged": 1, "folds": [1, 0.5], "nested": {"a": 0}, "loss": "-Inf"})
        out, _ = self.python(f"import rundir\nprint(rundir.runs(where='run == \"{run}\"')[0]['eval_loss'] < 0)\n")
        self.assertEqual(out, "True\n")

    def test_rows_of_a_run_that_goes_on_have_further_steps(self):
        code = """
with rundir.run(id="goes-on", resume=True) as run:
    run.log(loss=1)
    run.log(loss=2)
"""
        self.run_job(code)
        self.run_job(code)
        self.assertEqual(self.server.get("/runs/goes-on/metrics"), {"step": [1, 2, 3, 4], "loss": [1, 2, 1, 2]})
        self.assertEqual(self.server.get("/runs/goes-on")["status"], "completed")

    def test_values_of_other_libraries_are_taken_as_they_are(self):
        run = self.run_job("""
import argparse, dataclasses, enum, pathlib

class Scalar:
    '''As scalars of NumPy and tensors of PyTorch are: no number, but with item().'''
    def __init__(self, value): self.value = value
    def item(self): return self.value

class Array:
    def __init__(self, *values): self.values = list(values)
    def tolist(self): return self.values

@dataclasses.dataclass
class Config:
    lr: float = 0.5
    sizes: tuple = (3, 4)

class Kind(enum.Enum):
    FAST = "fast"

flags = argparse.Namespace(config=Config(), kind=Kind.FAST, path=pathlib.Path("a/b"), none=None, infinite=float("inf"),
                           many=Array(1, 2), type=int)
with rundir.run(flags=flags) as run:
    print(run.id)
    run.log(step=Scalar(3), loss=Scalar(0.25), acc=Array(0.5), good=True, nested={"a": Scalar(1)}, bad=float("nan"))
""")
        flags = self.metadata(run, "flags")
        self.assertEqual(flags["config"], {"lr": 0.5, "sizes": [3, 4]})
        self.assertEqual((flags["kind"], flags["path"], flags["infinite"], flags["many"]), ("fast", "a/b", "Inf", [1, 2]))
        rows = self.server.get(f"/runs/{run}/metrics")
        self.assertEqual(rows, {"step": [3], "loss": [0.25], "acc": [0.5], "good": [1], "nested.a": [1], "bad": ["NaN"]})

    def test_numpy_is_taken_as_it_is(self):
        run = self.run_job("""
import numpy
with rundir.run(flags={"lr": numpy.float32(0.5), "shape": numpy.array([2, 3])}) as run:
    print(run.id)
    run.log(step=numpy.int64(4), loss=numpy.float64(0.125), acc=numpy.array([0.5]))
""")
        self.assertEqual(self.metadata(run, "flags"), {"lr": 0.5, "shape": [2, 3]})
        self.assertEqual(self.server.get(f"/runs/{run}/metrics"), {"step": [4], "loss": [0.125], "acc": [0.5]})

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

    def test_file_is_valid_for_python_3_8(self):
        ast.parse((CLIENTS / "rundir.py").read_text(), feature_version=(3, 8))

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

    def test_nothing_is_raised_whatever_is_recorded(self):
        run = self.run_job("""
class Hostile:
    def __str__(self): raise RuntimeError("no")
    __repr__ = __str__
with rundir.run(flags={"a": "\\ud800"}) as run:
    print(run.id)
    run.log(Hostile())
    run.log(step=1, loss=Hostile())
    run.flags(7)
    run.source("/nowhere")
    run.log_file("/nowhere")
    run.write("metrics", lambda folder: 1 / 0)
    run.log(step=2, loss=1)
run.log(step=3, loss=1)
run.finish()
""")
        self.assertEqual(self.server.steps(run), [2])
        self.assertIn("log_file: FileNotFoundError", self.complaints)
        self.assertIn("has ended", self.complaints)

    def test_address_that_is_none_or_off_records_nothing(self):
        for url, complaint in (("off", ""), ("nonsense", "nothing is recorded")):
            out, errors = self.python(
                "import rundir\nwith rundir.run(capture=True) as run:\n    run.log(loss=1)\n    run.source()\n    run.log_file('job.py')\nprint(1)\n",
                RUNDIR_URL=url)
            self.assertEqual(out, "1\n")
            self.assertIn(complaint, errors)
            self.assertEqual(errors == "", complaint == "")

    def test_faulty_row_does_not_take_others_with_it(self):
        run = self.run_job("""
with rundir.run() as run:
    print(run.id)
    for step in range(100):
        run.log(step=step, loss="bad" if step in (7, 50) else step)
""")
        self.assertEqual(self.server.steps(run), [step for step in range(100) if step not in (7, 50)])
        self.assertEqual(len(self.refused()), 2)
        self.assertIn("2 requests of the run", self.complaints)

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

    def test_two_processes_share_a_spool(self):
        self.server.kill()
        code = "with rundir.run(id={!r}) as run:\n    [run.log(step=step, loss=1) for step in range(5)]\n"
        for name in ("shared-1", "shared-2"):
            self.run_job(code.format(name), RUNDIR_WAIT="0")
        self.assertTrue(self.waiting())
        self.server.start()
        # Another client takes them over.
        self.run_command(*SHELLS[0], CLIENTS / "rundir.sh", "send")
        self.assertEqual(self.waiting(), [])
        for name in ("shared-1", "shared-2"):
            self.assertEqual(self.server.steps(name), list(range(5)))
            self.assertEqual(self.server.get(f"/runs/{name}")["status"], "completed")

    def test_id_that_the_server_does_not_take_becomes_one(self):
        run = self.run_job("with rundir.run(id='../a b/ü') as run:\n    print(run.id)\n    run.log(step=1, loss=1)\n")
        self.assertEqual(run, "a-b--")
        self.assertEqual(self.server.steps(run), [1])
        self.assertIn("is no run id", self.complaints)

    def test_of_ranks_that_do_not_agree_only_rank_0_records(self):
        self.run_job("with rundir.run() as run: run.log(step=1, loss=1)\n", RANK="1", WORLD_SIZE="2")
        self.assertIn("do not agree on a run", self.complaints)
        self.assertFalse(self.spool.exists())

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
        senders = [[sys.executable, CLIENTS / "rundir.py", "send"], [*SHELLS[0], CLIENTS / "rundir.sh", "send"]] * 2
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


class FrameworkTests(ClientTestCase):
    """Callbacks, with frameworks that are called as the real ones call them; the long form has the real ones."""

    def metrics(self, code, **modules):
        for name, text in modules.items():
            path = self.folder / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            for folder in list(path.parents)[:-1]:
                if folder != self.folder and self.folder in folder.parents:
                    (folder / "__init__.py").touch()
        self.python(code, RUNDIR_RUN="framework-" + self.id().rsplit(".", 1)[1])
        return self.server.get(f"/runs/framework-{self.id().rsplit('.', 1)[1]}/metrics")

    def test_keras(self):
        rows = self.metrics("""
import rundir
with rundir.run() as run:
    callback = rundir.keras_callback()
    callback.params = {"epochs": 2, "steps": 10}
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6})
    callback.on_epoch_end(1, {"loss": 0.4, "val_loss": 0.5})
""", keras__callbacks="class Callback:\n    params = None\n")
        self.assertEqual(rows, {"epoch": [1, 2], "loss": [0.5, 0.4], "val_loss": [0.6, 0.5]})

    def test_xgboost(self):
        rows = self.metrics("""
import rundir
with rundir.run() as run:
    callback = rundir.xgboost_callback(run)
    assert not callback.after_iteration(None, 0, {"train": {"rmse": [0.5]}, "eval": {"rmse": [0.6]}})
    callback.after_iteration(None, 1, {"train": {"rmse": [0.5, 0.4]}, "eval": {"rmse": [0.6, (0.5, 0.01)]}})
""", xgboost__callback="class TrainingCallback:\n    pass\n")
        self.assertEqual(rows, {"step": [1, 2], "rmse": [0.5, 0.4], "val_rmse": [0.6, 0.5]})

    def test_lightgbm(self):
        rows = self.metrics("""
import collections, rundir
Env = collections.namedtuple("Env", "iteration evaluation_result_list")
with rundir.run() as run:
    callback = rundir.lightgbm_callback(run)
    callback(Env(0, [("training", "l2", 0.5, False), ("valid_1", "l2", 0.6, False), ("valid_2", "l2", 0.7, False)]))
""")
        self.assertEqual(rows, {"step": [1], "l2": [0.5], "valid_1_l2": [0.6], "valid_2_l2": [0.7]})

    def test_lightning(self):
        rows = self.metrics("""
import rundir
with rundir.run() as run:
    logger = rundir.lightning_logger(run)
    logger.log_hyperparams({"lr": 0.1})
    logger.log_metrics({"loss": 0.5}, step=10)
    logger.finalize("success")
    assert logger.version == run.id and logger.name == "rundir"
""", lightning__pytorch__loggers="class Logger:\n    pass\n",
                            lightning__pytorch__utilities__rank_zero="def rank_zero_only(function): return function\n")
        self.assertEqual(rows, {"step": [10], "loss": [0.5]})

    def test_hugging_face(self):
        rows = self.metrics("""
import rundir
from types import SimpleNamespace as Space
with rundir.run() as run:
    callback = rundir.hugging_face_callback(run)
    state = Space(is_world_process_zero=True, global_step=5)
    callback.on_train_begin(Space(to_sanitized_dict=lambda: {"lr": 0.1}), state, None)
    callback.on_log(None, state, None, logs={"loss": 0.5, "epoch": 0.5, "note": "text"})
    state.is_world_process_zero = False
    callback.on_log(None, state, None, logs={"loss": 7})
""", transformers="class TrainerCallback:\n    pass\n")
        self.assertEqual(rows, {"step": [5], "loss": [0.5], "epoch": [0.5]})


@unittest.skipUnless(LONG, "in the long form")
class RealFrameworkTests(ClientTestCase):
    """The frameworks themselves; Keras is among the examples."""

    def train(self, code):
        self.python("import numpy, rundir\nx = numpy.random.rand(400, 5)\ny = x.sum(axis=1)\n"
                    "with rundir.run(id='real') as run:\n" + code)
        self.assertEqual(self.server.get("/runs/real")["status"], "completed")
        rows = self.server.get("/runs/real/metrics")
        self.server.request("POST", "/runs/purge", b'{"runs": ["real"], "force": true}')
        self.server.request("DELETE", "/runs/real?force=true")
        return rows

    def test_lightgbm(self):
        rows = self.train("""
    import lightgbm
    train, test = lightgbm.Dataset(x[:300], y[:300]), lightgbm.Dataset(x[300:], y[300:])
    lightgbm.train({"objective": "l2", "verbose": -1}, train, 5, valid_sets=[train, test], callbacks=[rundir.lightgbm_callback()])
""")
        self.assertEqual(rows["step"], [1, 2, 3, 4, 5])
        self.assertEqual(set(rows), {"step", "l2", "val_l2"})

    def test_xgboost(self):
        rows = self.train("""
    import xgboost
    train, test = xgboost.DMatrix(x[:300], y[:300]), xgboost.DMatrix(x[300:], y[300:])
    xgboost.train({"verbosity": 0}, train, 5, evals=[(train, "train"), (test, "eval")], verbose_eval=False,
                  callbacks=[rundir.xgboost_callback()])
""")
        self.assertEqual(rows["step"], [1, 2, 3, 4, 5])
        self.assertEqual(set(rows), {"step", "rmse", "val_rmse"})

    def test_hugging_face(self):
        rows = self.train("""
    import transformers
    from types import SimpleNamespace as Space
    callback = rundir.hugging_face_callback(run)
    assert isinstance(callback, transformers.TrainerCallback)
    state = Space(is_world_process_zero=True, global_step=5)
    callback.on_train_begin(Space(to_sanitized_dict=lambda: {"lr": 0.1}), state, None, model=None)
    callback.on_log(None, state, None, logs={"loss": 0.5}, model=None)
    callback.on_train_end(None, state, None, model=None)
""")
        self.assertEqual((rows["step"], rows["loss"]), ([5], [0.5]))

    def test_jax_arrays_are_taken_as_they_are(self):
        rows = self.train("""
    import jax.numpy
    run.log(step=jax.numpy.int32(3), loss=jax.numpy.float32(0.5), acc=jax.numpy.array([0.25]))
""")
        self.assertEqual(rows, {"step": [3], "loss": [0.5], "acc": [0.25]})


if __name__ == "__main__":
    unittest.main()
