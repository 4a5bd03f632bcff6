"""Experiments and runs of all kinds on a server of MLflow, and whether two servers have the same."""

import math
import pathlib
import tempfile

from mlflow.artifacts import download_artifacts
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag, ViewType

# More than a page of 25,000.
LONG_HISTORY = 26_000


def fill(client):
    """Experiments and runs of all kinds."""
    first = client.create_experiment("my: experiment / ü", tags={"team": "a", "note/1": "x"})
    gone = client.create_experiment("gone")
    runs = {}
    run = client.create_run(first, start_time=1732440600123, tags={"mlflow.user": "me", "team/a": "b"}, run_name="whole")
    runs["whole"] = name = run.info.run_id
    client.log_batch(name, params=[Param("lr", "0.010"), Param("net/depth", "3")], tags=[RunTag("mlflow.note.content", "two\nlines")])
    for step, value in enumerate([0.5, math.nan, 1e-300, 0.25, 0.25]):
        client.log_metric(name, "val/acc top-1", value, timestamp=1732440601000 + step, step=min(step, 3))
    runs["long"] = client.create_run(first, run_name="long").info.run_id
    for start in range(0, LONG_HISTORY, 1000):
        client.log_batch(runs["long"], metrics=[
            Metric("loss", 1 / (step + 1), 1732440601000 + step, step) for step in range(start, start + 1000)])
    client.set_terminated(runs["long"])
    dataset = Dataset(name="iris", digest="abc", source_type="local", source="{}", schema="{}", profile="{}")
    client.log_inputs(name, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.joinpath("data", "deep er").mkdir(parents=True)
        folder.joinpath("data", "a b+%.txt").write_text("first")
        folder.joinpath("data", "deep er", "ü.bin").write_bytes(bytes(range(256)) * 20_000)
        folder.joinpath("data", "empty").write_bytes(b"")
        client.log_artifacts(name, folder / "data", "model")
        client.log_artifact(name, folder / "data" / "empty")
        model = client.create_logged_model(first, name="net", source_run_id=name, tags={"a": "1"}, params={"p": "2"})
        client.log_model_artifacts(model.model_id, folder / "data")
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(name, [LoggedModelOutput(model.model_id, 7)])
    client.log_metric(name, "f1", 0.5, step=1, timestamp=1732440605000, model_id=model.model_id)
    client.set_terminated(name, end_time=1732440700456)
    for status in ["FAILED", "KILLED", "RUNNING"]:
        runs[status] = client.create_run("0", run_name=status).info.run_id
        client.log_param(runs[status], "p", status)
        if status != "RUNNING":
            client.set_terminated(runs[status], status)
    runs["deleted"] = client.create_run(first).info.run_id
    client.log_metric(runs["deleted"], "loss", 0.5, step=3)
    client.set_terminated(runs["deleted"])
    client.delete_run(runs["deleted"])
    runs["in gone"] = client.create_run(gone).info.run_id
    client.delete_experiment(gone)
    return runs


def everything(client, experiment):
    return [run for view in [ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY] for run in client.search_runs([experiment], run_view_type=view)]


def paths(list_artifacts, owner, folder=None):
    for one in list_artifacts(owner, folder):
        if one.is_dir:
            yield from paths(list_artifacts, owner, one.path)
        else:
            yield one.path


def points(client, run, key):
    return [(one.timestamp, one.step, repr(one.value)) for one in client.get_metric_history(run, key)]


def compare(source, copy):
    """Whether both have the same."""
    count = 0
    experiments = source.search_experiments(ViewType.ALL)
    assert {one.name for one in experiments} == {one.name for one in copy.search_experiments(ViewType.ALL)}
    for one in experiments:
        other = copy.get_experiment_by_name(one.name)
        assert (one.experiment_id, one.lifecycle_stage, one.tags) == (other.experiment_id, other.lifecycle_stage, other.tags)
        assert {run.info.run_id for run in everything(source, one.experiment_id)} == {
            run.info.run_id for run in everything(copy, one.experiment_id)}
        for run in everything(source, one.experiment_id):
            compare_run(source, copy, source.get_run(run.info.run_id))
            count += 1
    return count


def compare_run(source, copy, one):
    name = one.info.run_id
    other = copy.get_run(name)
    for field in ["status", "start_time", "end_time", "run_name", "lifecycle_stage", "experiment_id"]:
        assert getattr(one.info, field) == getattr(other.info, field), (name, field, one.info, other.info)
    assert one.data.params == other.data.params
    assert one.data.tags.items() <= other.data.tags.items(), (one.data.tags, other.data.tags)
    assert set(one.data.metrics) == set(other.data.metrics)
    for key in one.data.metrics:
        assert points(source, name, key) == points(copy, name, key), key
    files = sorted(paths(source.list_artifacts, name))
    # Here, a model's files are among those of its run.
    assert files == sorted(path for path in paths(copy.list_artifacts, name) if not path.startswith("models/m-")) or \
        files == sorted(paths(copy.list_artifacts, name))
    for path in files:
        same(*[download_artifacts(run_id=name, artifact_path=path, tracking_uri=client.tracking_uri) for client in (source, copy)])
    sets = [[(each.dataset.name, each.dataset.digest, [tag.value for tag in each.tags]) for each in run.inputs.dataset_inputs]
            for run in (one, other)]
    assert sets[0] == sets[1]
    made = [run.outputs.model_outputs if run.outputs else [] for run in (one, other)]
    assert [each.step for each in made[0]] == [each.step for each in made[1]]
    for ours, theirs in zip(*made):
        ours, theirs = source.get_logged_model(ours.model_id), copy.get_logged_model(theirs.model_id)
        for field in ["name", "status", "tags", "params", "creation_timestamp", "source_run_id"]:
            assert getattr(ours, field) == getattr(theirs, field), (field, ours, theirs)
        assert [each.value for each in ours.metrics or []] == [each.value for each in theirs.metrics or []]
        files = [sorted(paths(client.list_logged_model_artifacts, model.model_id)) for client, model in [(source, ours), (copy, theirs)]]
        assert files[0] == files[1] and files[0], files
        folders = [download_artifacts(model.artifact_location, tracking_uri=client.tracking_uri)
                   for client, model in [(source, ours), (copy, theirs)]]
        for path in files[0]:
            same(*[pathlib.Path(folder, path) for folder in folders])


def same(one, other):
    assert pathlib.Path(one).read_bytes() == pathlib.Path(other).read_bytes(), (one, other)
