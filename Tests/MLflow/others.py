"""What other clients of MLflow send: loggers of Lightning and Hugging Face, MLflow for R, MLflow for Java.

Hugging Face's callback is the real one, without a model. Lightning needs PyTorch, which is too large here, and calls MLflow's
client for Python as below; the packages for R and Java send the requests below.
"""

import json
import math
import os
import pathlib
import tempfile
import types
import urllib.parse
import urllib.request

import mlflow
from mlflow.entities import Metric, Param


def lightning(client, server, experiment):
    """lightning.pytorch.loggers.MLFlowLogger, with log_model=True."""
    from mlflow.tracking.context.registry import resolve_tags

    assert client.get_experiment_by_name("lightning_logs") is None
    where = client.create_experiment(name="lightning_logs", artifact_location=None)
    tags = resolve_tags({"mlflow.runName": "fit"})
    run = client.create_run(experiment_id=where, tags=tags).info.run_id
    params = [Param(key=f"model/layer_{number}", value=str(number)) for number in range(250)]
    for start in range(0, len(params), 100):
        client.log_batch(run_id=run, params=params[start:start + 100])
    for step in (49, 99):
        metrics = [Metric(key=key, value=1 / step, timestamp=1732440600000 + step, step=step) for key in ("train_loss", "epoch")]
        client.log_batch(run_id=run, metrics=metrics)
    client.log_batch(run_id=run, metrics=[Metric("val_loss", math.nan, 1732440700000, 99)], synchronous=False).wait()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = pathlib.Path(folder, "epoch=1-step=100.ckpt")
        checkpoint.write_bytes(b"weights")
        client.log_artifact(run, str(checkpoint), pathlib.Path("model") / checkpoint.stem)
        pathlib.Path(folder, "aliases.txt").write_text("['latest', 'best']")
        client.log_artifacts(run, folder, pathlib.Path("model") / checkpoint.stem)
    assert client.get_run(run)
    client.set_terminated(run, "FINISHED")
    read = client.get_run(run)
    assert read.info.run_name == "fit" and read.info.status == "FINISHED" and len(read.data.params) == 250
    assert [one.step for one in client.get_metric_history(run, "train_loss")] == [49, 99]
    assert {one.path for one in client.list_artifacts(run, "model/epoch=1-step=100")} == {
        "model/epoch=1-step=100/epoch=1-step=100.ckpt", "model/epoch=1-step=100/aliases.txt"}


def hugging_face(client, server, experiment):
    from transformers.integrations import MLflowCallback

    os.environ.update(MLFLOW_EXPERIMENT_NAME="hugging face", MLFLOW_TAGS='{"team": "nlp"}', HF_MLFLOW_LOG_ARTIFACTS="true")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "checkpoint-20").mkdir()
        pathlib.Path(folder, "checkpoint-20", "model.safetensors").write_bytes(b"weights")
        # More than fit into one batch.
        values = {"output_dir": folder, "learning_rate": 1e-5, "fp16": False, "seed": None} | {f"arg_{number}": number for number in range(180)}
        args = types.SimpleNamespace(run_name="trainer", output_dir=folder, to_dict=lambda: values)
        state = types.SimpleNamespace(is_world_process_zero=True, global_step=0)
        callback = MLflowCallback()
        callback.on_train_begin(args, state, None)
        run = mlflow.active_run().info.run_id
        for state.global_step in (10, 20):
            logs = {"loss": 5 / state.global_step, "grad_norm": 1, "learning_rate": 1e-5, "eval_f1(macro)": 0.5}
            callback.on_log(args, state, None, logs)
        callback.on_save(args, state, None)
        callback.on_train_end(args, state, None)
    mlflow.flush_async_logging()
    del os.environ["MLFLOW_EXPERIMENT_NAME"]
    read = client.get_run(run)
    assert read.info.status == "FINISHED" and read.info.run_name == "trainer" and read.data.tags["team"] == "nlp"
    assert read.data.params == {name: str(value) for name, value in values.items()}
    assert [(one.step, one.value) for one in client.get_metric_history(run, "loss")] == [(10, 0.5), (20, 0.25)]
    assert read.data.metrics["eval_f1_macro_"] == 0.5 and client.get_experiment_by_name("hugging face")
    [output] = read.outputs.model_outputs
    model = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{output.model_id}"))
    assert (model / "artifacts" / "checkpoint-20" / "model.safetensors").read_bytes() == b"weights"


class Requests:
    """Requests as a client in another language sends them."""

    def __init__(self, server, headers):
        self.root, self.headers = f"{server.url}/api/2.0/mlflow", headers

    def get(self, path, **query):
        return self.send(urllib.request.Request(f"{self.root}/{path}?{urllib.parse.urlencode(query)}", headers=self.headers))

    def post(self, path, **body):
        return self.send(urllib.request.Request(
            f"{self.root}/{path}", json.dumps(body).encode(), self.headers, method="POST"))

    @staticmethod
    def send(request):
        with urllib.request.urlopen(request) as reply:
            assert reply.status == 200
            return json.load(reply)


def r(client, server, experiment):
    """MLflow for R (mlflow/R/mlflow/R/tracking-rest.R): all values are texts, as as.character() writes them, and a run is named
    by run_id and run_uuid."""
    send = Requests(server, {"Content-Type": "application/json", "User-Agent": "mlflow-r-client/3.1.0"})
    where = send.post("experiments/create", name="from R")["experiment_id"]
    assert send.get("experiments/get", experiment_id=where)["experiment"]["name"] == "from R"
    assert send.get("experiments/get-by-name", experiment_name="from R")["experiment"]["experiment_id"] == where
    found = send.post("experiments/search", view_type="ACTIVE_ONLY", max_results="1000")["experiments"]
    assert "from R" in [one["name"] for one in found]
    run = send.post(
        "runs/create", experiment_id=where, user_id="unknown", start_time="1.7e+12",
        tags=[{"key": "mlflow.user", "value": "r"}, {"key": "mlflow.source.name", "value": "<console>"}])["run"]["info"]
    assert run["start_time"] == 1_700_000_000_000
    both = {"run_uuid": run["run_uuid"], "run_id": run["run_uuid"]}
    assert send.get("runs/get", **both)["run"]["info"]["run_id"] == run["run_id"]
    send.post("runs/log-parameter", **both, key="alpha", value="0.5")
    # as.character(100000) is "1e+05".
    for value, step in [("0.25", "0"), ("NaN", "1e+05"), ("-Infinity", "3e+05")]:
        send.post("runs/log-metric", **both, key="rmse", value=value, timestamp="1700000000001", step=step)
    send.post(
        "runs/log-batch", run_id=run["run_id"],
        metrics=[{"key": "mae", "value": "1e-05", "step": "1", "timestamp": "1700000000002"}],
        params=[{"key": "lambda", "value": "1"}], tags=[{"key": "stage", "value": "dev"}])
    send.post("runs/set-tag", **both, key="note", value="x")
    send.post("runs/delete-tag", run_id=run["run_id"], key="note")
    history = send.get("metrics/get-history", **both, metric_key="rmse")["metrics"]
    assert [(one["value"], one["step"]) for one in history] == [(0.25, 0), ("NaN", 100000), ("-Infinity", 300000)]
    listed = send.get("artifacts/list", **both)
    assert listed["root_uri"].endswith(f"/{run['run_id']}/artifacts") and "files" not in listed
    ended = send.post("runs/update", **both, status="FINISHED", end_time="1700000100000")
    assert ended["run_info"]["run_uuid"] == run["run_id"] and ended["run_info"]["end_time"] == 1_700_000_100_000
    runs = send.post(
        "runs/search", experiment_ids=[where], filter="metrics.mae < 1", run_view_type="ACTIVE_ONLY", order_by=[])["runs"]
    assert [one["info"]["run_id"] for one in runs] == [run["run_id"]]
    send.post("runs/delete", run_id=run["run_id"])
    send.post("runs/restore", run_id=run["run_id"])
    send.post("experiments/update", experiment_id=where, new_name="renamed in R")
    send.post("experiments/delete", experiment_id=where)
    send.post("experiments/restore", experiment_id=where)
    assert client.get_run(run["run_id"]).data.params == {"alpha": "0.5", "lambda": "1"}


def java(client, server, experiment):
    """MLflow for Java (org.mlflow.tracking.MlflowClient): the JSON of protocol buffers, whose int64 are texts."""
    send = Requests(server, {"Content-Type": "application/json; charset=UTF-8", "User-Agent": "mlflow-java-client/3.1.0"})
    where = send.post("experiments/create", name="from Java")["experiment_id"]
    run = send.post("runs/create", experiment_id=where, user_id="java", start_time="1700000000123")["run"]["info"]["run_id"]
    send.post("runs/log-parameter", run_uuid=run, run_id=run, key="depth", value="3")
    send.post("runs/log-metric", run_uuid=run, run_id=run, key="auc", value=0.75, timestamp="1700000000200", step="7")
    send.post("runs/log-metric", run_uuid=run, run_id=run, key="auc", value="Infinity", timestamp="1700000000300", step="8")
    send.post(
        "runs/log-batch", run_id=run, metrics=[{"key": "f1", "value": 0.5, "timestamp": "1700000000400", "step": "0"}],
        params=[], tags=[{"key": "engine", "value": "jvm"}])
    send.post("runs/set-tag", run_uuid=run, run_id=run, key="a", value="b")
    send.post("experiments/set-experiment-tag", experiment_id=where, key="team", value="x")
    history = send.get("metrics/get-history", run_uuid=run, run_id=run, metric_key="auc")["metrics"]
    assert [(one["value"], one["step"]) for one in history] == [(0.75, 7), ("Infinity", 8)]
    send.post("runs/update", run_uuid=run, run_id=run, status="FINISHED", end_time="1700000000999")
    found = send.post(
        "runs/search", experiment_ids=[where], filter="tags.engine = 'jvm'", run_view_type="ALL", max_results=1000, order_by=[])
    assert [one["info"]["status"] for one in found["runs"]] == ["FINISHED"]
    read = client.get_run(run)
    assert read.info.user_id == "java" and read.info.start_time == 1700000000123 and read.data.params == {"depth": "3"}
