"""rundir.py's callbacks for Keras, XGBoost, LightGBM, Lightning and Hugging Face."""

import unittest

from support import ClientTestCase, LONG


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
