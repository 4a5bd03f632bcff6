"""The calls of training scripts."""

import contextlib
import io
import pathlib
import tempfile

import mlflow


def fluent(client, server, experiment):
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="outer", description="what it is") as outer:
        mlflow.log_params({"a": 1, "b": [1, 2]})
        mlflow.log_metrics({"loss": 0.5, "acc": 0.25}, step=1)
        mlflow.set_tags({"x": 1})
        with mlflow.start_run(nested=True):
            mlflow.log_metric("inner", 1)
        mlflow.log_text("x", "x.txt")
    try:
        with mlflow.start_run():
            raise ValueError("on purpose")
    except ValueError:
        pass
    with mlflow.start_run(run_id=outer.info.run_id):
        mlflow.log_metric("loss", 0.25, step=2)
    frame = mlflow.search_runs(experiment_names=["fluent"], order_by=["start_time ASC"])
    assert list(frame["status"]) == ["FINISHED", "FINISHED", "FAILED"]
    assert frame.loc[0, "metrics.loss"] == 0.25 and frame.loc[0, "params.a"] == "1"
    assert frame.loc[1, "tags.mlflow.parentRunId"] == outer.info.run_id
    assert mlflow.last_active_run() is not None
    assert mlflow.get_run(outer.info.run_id).data.metrics["loss"] == 0.25
    # What is logged in the background arrives.
    with mlflow.start_run() as run:
        for step in range(20):
            mlflow.log_metric("later", step, step=step, synchronous=False)
        mlflow.log_param("later", 1, synchronous=False)
        mlflow.set_tag("later", 1, synchronous=False)
    mlflow.flush_async_logging()
    assert len(client.get_metric_history(run.info.run_id, "later")) == 20
    read = client.get_run(run.info.run_id).data
    assert read.params == {"later": "1"} and read.tags["later"] == "1"


def artifacts_of_scripts(client, server, experiment):
    """Writes and reads artifacts, and prints links to the run."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
        path = pathlib.Path(folder, "weights.txt")
        path.write_text("1 2 3")
        with mlflow.start_run(run_name="files") as run:
            mlflow.log_artifact(path, "model")
            mlflow.log_artifacts(folder, "all")
            mlflow.log_dict({"a": [1, 2]}, "d.yaml")
            mlflow.log_dict({"a": [1, 2]}, "d.json")
            mlflow.log_table({"number": [1, 2], "word": ["x", "y"]}, "table.json")
            mlflow.log_stream(io.BytesIO(b"bytes"), "s.bin")
            mlflow.log_text("<p>", "page.html")
            assert mlflow.get_artifact_uri("d.json").endswith(f"/{run.info.run_id}/artifacts/d.json")
    identifier = run.info.run_id
    load = mlflow.artifacts
    assert load.load_text(f"runs:/{identifier}/model/weights.txt") == "1 2 3"
    assert load.load_text(f"runs:/{identifier}/all/weights.txt") == "1 2 3"
    assert load.load_dict(f"runs:/{identifier}/d.json") == {"a": [1, 2]}
    assert "- 1" in load.load_text(f"runs:/{identifier}/d.yaml")
    assert list(mlflow.load_table("table.json", run_ids=[identifier])["word"]) == ["x", "y"]
    assert [one.path for one in load.list_artifacts(run_id=identifier, artifact_path="model")] == ["model/weights.txt"]
    # The page understands this address (PageTests).
    link = f"{server.url}/#/experiments/{run.info.experiment_id}/runs/{identifier}"
    assert f"View run files at: {link}\n" in said.getvalue(), said.getvalue()
