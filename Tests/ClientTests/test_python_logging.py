"""rundir.py: the rows, flags and evaluations that a job records."""

import unittest

from cases import PythonTestCase


class PythonTests(PythonTestCase):
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


if __name__ == "__main__":
    unittest.main()
