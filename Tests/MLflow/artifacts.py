"""Artifacts, pictures, datasets and models."""

import io
import pathlib
import tempfile

from support import raises

import mlflow
from mlflow.artifacts import download_artifacts
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, LoggedModelStatus


def artifacts(client, server, experiment):
    run = client.create_run(experiment).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.joinpath("data", "deep").mkdir(parents=True)
        folder.joinpath("data", "a b.txt").write_text("first")
        folder.joinpath("data", "deep", "ü.bin").write_bytes(bytes(range(256)) * 5000)
        client.log_artifact(run, folder / "data" / "a b.txt")
        client.log_artifacts(run, folder / "data", "model")
        client.log_text(run, "text", "notes/n.txt")
        client.log_dict(run, {"a": [1, 2]}, "d.json")
        paths = lambda path=None: [(one.path, one.is_dir, one.file_size) for one in client.list_artifacts(run, path)]
        assert paths() == [("a b.txt", False, 5), ("d.json", False, 29), ("model", True, None), ("notes", True, None)]
        assert paths("model") == [("model/a b.txt", False, 5), ("model/deep", True, None)]
        assert paths("d.json") == [] and paths("nobody") == []
        client.log_stream(run, io.BytesIO(b"streamed"), "s.bin")
        for number in range(2):
            client.log_table(run, {"number": [number], "word": ["x"]}, "table.json")
        assert list(client.load_table(experiment, "table.json", [run])["number"]) == [0, 1]
        target = folder / "down"
        target.mkdir()
        client.download_artifacts(run, "model", target)
        assert target.joinpath("model", "deep", "ü.bin").read_bytes() == bytes(range(256)) * 5000
        assert pathlib.Path(client.download_artifacts(run, "notes/n.txt")).read_text() == "text"
        assert mlflow.artifacts.load_dict(f"runs:/{run}/d.json") == {"a": [1, 2]}
        assert mlflow.artifacts.load_text(f"mlflow-artifacts:/{experiment}/{run}/artifacts/notes/n.txt") == "text"
    assert server.runs.joinpath(run, "notes", "n.txt").read_text() == "text"
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    repository = get_artifact_repository(client.get_run(run).info.artifact_uri)
    repository.delete_artifacts("model")
    assert paths("model") == []
    repository.delete_artifacts("a b.txt")
    assert not server.runs.joinpath(run, "a b.txt").exists()


def pictures(client, server, experiment):
    import matplotlib
    import numpy
    from PIL import Image

    matplotlib.use("agg")
    from matplotlib import pyplot

    run = client.create_run(experiment).info.run_id
    figure, axes = pyplot.subplots()
    axes.plot([0, 1], [2, 3])
    client.log_figure(run, figure, "plots/line.png")
    client.log_figure(run, figure, "plots/line.svg")
    pyplot.close(figure)
    with Image.open(server.runs / run / "plots" / "line.png") as image:
        assert image.format == "PNG" and image.size[0] > 100
    assert "<svg" in (server.runs / run / "plots" / "line.svg").read_text()
    # As a file, and as the image of a step, with a small one for a page.
    pixels = (numpy.arange(48).reshape(4, 4, 3) * 5).astype("uint8")
    client.log_image(run, pixels, "pixels.png")
    with Image.open(download_artifacts(run_id=run, artifact_path="pixels.png")) as image:
        assert (numpy.asarray(image) == pixels).all()
    assert mlflow.artifacts.load_image(f"runs:/{run}/pixels.png").size == (4, 4)
    for step in range(2):
        client.log_image(run, Image.fromarray(pixels), key="val/dogs", step=step, synchronous=True)
    names = [one.path for one in client.list_artifacts(run, "images")]
    assert len(names) == 4 and sum(name.endswith(".webp") for name in names) == 2, names
    assert all(name.startswith("images/val~dogs+step+") for name in names), names
    assert client.get_run(run).data.tags["mlflow.loggedImages"] == "True"


def inputs_and_models(client, server, experiment):
    run = client.create_run(experiment).info.run_id
    dataset = Dataset(name="iris", digest="abc", source_type="local", source="{}", schema="{}", profile="{}")
    for _ in range(2):
        client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    inputs = client.get_run(run).inputs.dataset_inputs
    assert len(inputs) == 1 and inputs[0].dataset.name == "iris" and inputs[0].tags[0].value == "train"
    model = client.create_logged_model(experiment, name="net", source_run_id=run, tags={"a": "1"}, params={"p": "2"})
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
    client.log_metric(run, "acc", 0.5, step=1, timestamp=5, model_id=model.model_id)
    client.set_logged_model_tags(model.model_id, {"b": "3"})
    client.delete_logged_model_tag(model.model_id, "a")
    client.log_model_params(model.model_id, {"q": "4"})
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "weights.bin").write_bytes(b"123")
        client.log_model_artifact(model.model_id, f"{folder}/weights.bin")
        client.log_model_artifacts(model.model_id, folder)
    assert [one.path for one in client.list_logged_model_artifacts(model.model_id)] == ["weights.bin"]
    assert server.runs.joinpath(run, "models", model.model_id, "weights.bin").read_bytes() == b"123"
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    read = client.get_logged_model(model.model_id)
    assert read.status == LoggedModelStatus.READY and read.tags == {"b": "3"} and read.params == {"p": "2", "q": "4"}
    assert read.metrics[0].value == 0.5 and read.source_run_id == run
    assert client.get_run(run).outputs.model_outputs[0].model_id == model.model_id
    assert [one.model_id for one in client.search_logged_models([experiment], "name = 'net'")] == [model.model_id]
    client.delete_logged_model(model.model_id)
    raises("RESOURCE_DOES_NOT_EXIST", client.get_logged_model, model.model_id)
