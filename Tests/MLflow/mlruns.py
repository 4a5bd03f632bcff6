"""Has `rundir import --from mlruns` bring in a file store, and reads it back through MLflow's client.

    mlruns.py RUNDIR

The store is written as MLflow's FileStore writes it (mlflow/store/tracking/file_store.py), which MLflow gives up.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from support import Server

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient


def write(folder, files):
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def meta(run, experiment, **more):
    fields = {
        "artifact_uri": f"file:///elsewhere/{experiment}/{run}/artifacts", "end_time": "1732440700456", "entry_point_name": "''",
        "experiment_id": f"'{experiment}'", "lifecycle_stage": "active", "run_id": run, "run_name": "a run", "run_uuid": run,
        "source_name": "''", "source_type": "4", "source_version": "''", "start_time": "1732440600123", "status": "3", "tags": "[]",
        "user_id": "me"} | more
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def store(folder):
    first, failed, deleted, gone = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
    write(folder, {
        "0/meta.yaml": "artifact_location: file:///m/0\ncreation_time: 1\nexperiment_id: '0'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: Default\n",
        "17/meta.yaml": "artifact_location: file:///m/17\ncreation_time: 1732440000000\nexperiment_id: '17'\n"
        "last_update_time: 1732440000000\nlifecycle_stage: active\nname: 'my: experiment'\n",
        "17/tags/team": "x",
        f"17/{first}/meta.yaml": meta(first, 17),
        f"17/{first}/params/lr": "0.010",
        f"17/{first}/params/net/depth": "3",
        f"17/{first}/tags/mlflow.note.content": "two\nlines",
        f"17/{first}/tags/team/a": "b",
        f"17/{first}/metrics/loss": "1732440601000 0.5 0\n1732440602000 0.25 1\n1732440603000 0.2 1\n1732440604000 nan 2\n",
        f"17/{first}/metrics/val/acc": "1732440602000 0.9 1\nrubbish\n",
        f"17/{first}/artifacts/model/MLmodel": "flavors: {}\n",
        f"0/{failed}/meta.yaml": meta(failed, 0, status="4", end_time="null", run_name="'17'"),
        f"0/{deleted}/meta.yaml": meta(deleted, 0, lifecycle_stage="deleted", status="5"),
        "0/broken/meta.yaml": "experiment_id: '0'\nrun_id: ../x\n",
        ".trash/18/meta.yaml": "artifact_location: file:///m/18\ncreation_time: 2\nexperiment_id: '18'\nlast_update_time: 2\n"
        "lifecycle_stage: deleted\nname: gone\n",
        f".trash/18/{gone}/meta.yaml": meta(gone, 18),
        "models/m/meta.yaml": "name: m\n",
    })
    (folder / "17" / first / "artifacts" / "link").symlink_to("/etc/passwd")
    return first, failed, deleted, gone


def interrupted(executable):
    """An import that is killed is begun again, and brings in the rest."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder / "mlruns", {
            "1/meta.yaml": "artifact_location: file:///m/1\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\n"
            "lifecycle_stage: active\nname: many\n"})
        runs = [f"{number:032x}" for number in range(1, 101)]
        for run in runs:
            write(folder / "mlruns" / "1" / run, {
                "meta.yaml": meta(run, 1), "params/p": run, "artifacts/a.txt": run,
                "metrics/loss": "".join(f"{step} {step} {step}\n" for step in range(200))})
        command = [executable, "import", "--from", "mlruns", "--runs", folder / "runs", folder / "mlruns"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while process.poll() is None and len(list((folder / "runs").glob("0*"))) < 20:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        came = len(list((folder / "runs").glob("0*")))
        assert 20 <= came < 100, came
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and f"imported {100 - came} runs; {came} were there already" in done.stdout, done
        server = Server(executable, folder)
        client = MlflowClient(server.url)
        found = client.search_runs(["1"])
        assert {run.info.run_id: run.data.params["p"] for run in found} == {run: run for run in runs}
        for run in runs:
            assert len(client.get_metric_history(run, "loss")) == 200
            assert (folder / "runs" / run / "a.txt").read_text() == run
        server.stop()


def main():
    executable = os.path.abspath(sys.argv[1])
    interrupted(executable)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        first, failed, deleted, gone = store(folder / "mlruns")

        def importing():
            return subprocess.run(
                [executable, "import", "--from", "mlruns", "--runs", folder / "runs", folder / "mlruns"],
                capture_output=True, text=True, check=False)

        done = importing()
        assert done.returncode == 1, done
        assert done.stdout == "imported 4 runs; 0 were there already, 1 could not be imported, 2 parts of runs were left out\n", done
        assert "is not a run id" in done.stderr and "1 lines of the metric" in done.stderr and "the artifact \"link\"" in done.stderr, done.stderr
        again = importing()
        assert again.stdout.startswith("imported 0 runs; 4 were there already"), again
        server = Server(executable, folder)
        busy = importing()
        assert busy.returncode != 0 and "belongs to another rundir server" in busy.stderr, busy
        client = MlflowClient(server.url)
        experiment = client.get_experiment("17")
        assert experiment.name == "my: experiment" and experiment.tags == {"team": "x"} and experiment.creation_time == 1732440000000
        run = client.get_run(first)
        assert run.info.status == "FINISHED" and run.info.run_name == "a run" and run.info.user_id == "me"
        assert (run.info.start_time, run.info.end_time) == (1732440600123, 1732440700456)
        assert run.data.params == {"lr": "0.010", "net/depth": "3"}
        assert run.data.tags["mlflow.note.content"] == "two\nlines" and run.data.tags["team/a"] == "b"
        history = [(one.timestamp, one.value, one.step) for one in client.get_metric_history(first, "loss")]
        assert history[:3] == [(1732440601000, 0.5, 0), (1732440602000, 0.25, 1), (1732440603000, 0.2, 1)] and len(history) == 4
        assert run.data.metrics["val/acc"] == 0.9
        assert pathlib.Path(client.download_artifacts(first, "model/MLmodel")).read_text() == "flavors: {}\n"
        assert not (folder / "runs" / first / "link").exists()
        assert client.get_run(failed).info.status == "FAILED" and client.get_run(failed).info.run_name == "17"
        assert client.get_run(deleted).info.lifecycle_stage == "deleted" and client.get_run(deleted).info.status == "KILLED"
        assert client.get_experiment("18").lifecycle_stage == "deleted"
        assert client.get_run(gone).info.lifecycle_stage == "deleted"
        assert [one.info.run_id for one in client.search_runs(["17"])] == [first]
        assert {one.info.run_id for one in client.search_runs(["0"], run_view_type=ViewType.ALL)} == {failed, deleted}
        # New experiments get other numbers.
        assert client.create_experiment("new") == "19"
        frame = json.loads((folder / "runs" / first / "tfruns.d" / "metrics.json").read_text())
        assert frame["step"] == [0, 1, 2] and frame["loss"] == [0.5, 0.2, "NaN"]
        server.stop()
        check = subprocess.run([executable, "check", "--runs", folder / "runs"], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check
    print("an mlruns folder comes in")


if __name__ == "__main__":
    main()
