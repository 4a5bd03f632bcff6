"""Has MLflow's client do all that it can with experiments, runs, metrics, params, tags and artifacts, and sends what other
clients of MLflow send.

    client.py RUNDIR

RUNDIR is the server's executable, such as .build/debug/rundir.
"""

import json
import math
import sys
import time
import urllib.request

from artifacts import artifacts, inputs_and_models, pictures
from failures import killed, two_processes
from fluent import artifacts_of_scripts, fluent
from others import hugging_face, java, lightning, r
from support import raises, serving

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.tracking import MlflowClient


def experiments(client, server):
    first = client.create_experiment("first", tags={"team": "a", "note/1": "long"})
    assert first == "1"
    second = client.create_experiment("second / résumé")
    raises("RESOURCE_ALREADY_EXISTS", client.create_experiment, "first")
    default = client.get_experiment("0")
    assert default.name == "Default" and default.lifecycle_stage == "active"
    found = client.get_experiment_by_name("second / résumé")
    assert found.experiment_id == second and found.artifact_location == f"mlflow-artifacts:/{second}"
    assert client.get_experiment_by_name("nobody") is None
    raises("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "99")
    client.set_experiment_tag(first, "team", "b")
    client.set_experiment_tag(first, "stage", "1")
    client.delete_experiment_tag(first, "note/1")
    assert client.get_experiment(first).tags == {"team": "b", "stage": "1"}
    client.rename_experiment(second, "renamed")
    assert client.get_experiment(second).name == "renamed"
    raises("RESOURCE_ALREADY_EXISTS", client.rename_experiment, second, "first")
    run = client.create_run(second).info.run_id
    client.delete_experiment(second)
    assert client.get_experiment(second).lifecycle_stage == "deleted"
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    raises("INVALID_PARAMETER_VALUE", client.create_run, second)
    client.restore_experiment(second)
    assert client.get_run(run).info.lifecycle_stage == "active"
    client.delete_experiment(second)
    names = lambda **named: [one.name for one in client.search_experiments(**named)]
    assert names(order_by=["name ASC"]) == ["Default", "first"]
    assert names(view_type=ViewType.DELETED_ONLY) == ["renamed"]
    assert len(names(view_type=ViewType.ALL)) == 3
    assert names(filter_string="name LIKE 'fi%'") == ["first"]
    assert names(filter_string="tags.team = 'b' AND tags.stage = '1'") == ["first"]
    page = client.search_experiments(max_results=1, order_by=["experiment_id ASC"])
    assert [one.name for one in page] == ["Default"] and page.token
    assert [one.name for one in client.search_experiments(max_results=1, order_by=["experiment_id ASC"], page_token=page.token)] == ["first"]
    raises("INVALID_PARAMETER_VALUE", client.search_experiments, filter_string="colour = 'x'")
    return first


def runs(client, server, experiment):
    run = client.create_run(
        experiment, start_time=1732440600123, tags={"mlflow.user": "me", "team/a": "x", "start": "y"}, run_name="one")
    name = run.info.run_id
    assert run.info.status == "RUNNING" and run.info.run_name == "one" and run.info.user_id == "me"
    assert run.info.experiment_id == experiment and run.info.start_time == 1732440600123
    assert run.info.artifact_uri == f"mlflow-artifacts:/{experiment}/{name}/artifacts"
    read = client.get_run(name)
    assert read.data.tags["team/a"] == "x" and read.data.tags["start"] == "y" and read.data.tags["mlflow.runName"] == "one"
    raises("RESOURCE_DOES_NOT_EXIST", client.get_run, "nobody")
    assert client.get_parent_run(name) is None
    client.update_run(name, name="two")
    assert client.get_run(name).info.run_name == "two"
    for status in ["FAILED", "KILLED", "FINISHED", "RUNNING", "FINISHED"]:
        client.update_run(name, status=status)
        assert client.get_run(name).info.status == status, status
    client.set_terminated(name, "FAILED", end_time=1732440700000)
    read = client.get_run(name).info
    assert read.status == "FAILED" and read.end_time == 1732440700000
    client.set_terminated(name)
    client.delete_run(name)
    assert client.get_run(name).info.lifecycle_stage == "deleted"
    raises("INVALID_PARAMETER_VALUE", client.log_metric, name, "m", 1)
    client.restore_run(name)
    assert client.get_run(name).info.lifecycle_stage == "active"
    child = client.create_run(experiment, tags={"mlflow.parentRunId": name})
    assert client.get_parent_run(child.info.run_id).info.run_id == name
    # Rundir and tfruns see the same.
    listed = json.load(urllib.request.urlopen(f"{server.url}/runs/{name}"))
    assert listed["status"] == "completed" and listed["experiment"] == "first" and listed["mlflow.runName"] == "two"
    assert server.file(name, "properties/start") == "1732440600.123\n"
    assert server.file(name, "properties/completed") == "TRUE\n"
    assert server.file(name, "properties/team%2Fa") == "x\n"


def params_and_tags(client, server, experiment):
    run = client.create_run(experiment).info.run_id
    values = {"lr": "0.010", "epochs": "1e3", "opt": "adam", "on": "True", "none": "None", "empty": "", "a/b": "1_000", "commit": "80e5005"}
    for key, value in values.items():
        client.log_param(run, key, value)
    client.log_param(run, "lr", "0.010")
    raises("INVALID_PARAMETER_VALUE", client.log_param, run, "lr", "0.01")
    raises("INVALID_PARAMETER_VALUE", client.log_param, run, "bad?name", 1)
    assert client.get_run(run).data.params == values
    flags = json.loads(server.file(run, "flags.json"))
    assert flags["lr"] == 0.01 and flags["opt"] == "adam" and flags["commit"] == "80e5005"
    assert '"lr": 0.010' in server.file(run, "flags.json")
    client.set_tag(run, "note", "a\nb\n")
    client.set_tag(run, "note", "second\nline\n")
    client.set_tag(run, "completed", "not yet")
    assert client.get_run(run).data.tags["note"] == "second\nline\n"
    assert client.get_run(run).data.tags["completed"] == "not yet"
    assert client.get_run(run).info.status == "RUNNING"
    client.delete_tag(run, "note")
    assert "note" not in client.get_run(run).data.tags
    raises("RESOURCE_DOES_NOT_EXIST", client.delete_tag, run, "note")


def metrics(client, server, experiment):
    run = client.create_run(experiment).info.run_id
    for step, value in enumerate([0.5, 0.25, math.nan, math.inf, -math.inf, 1e-300]):
        client.log_metric(run, "loss", value, timestamp=1000 + step, step=step)
    client.log_metric(run, "step", 3, timestamp=1, step=0)
    # Values of one step, with all their times.
    for time_ in [5, 6, 7]:
        client.log_metric(run, "again", time_, timestamp=time_, step=2)
    client.log_metric(run, "val/acc top-1", 0.9)
    history = client.get_metric_history(run, "loss")
    assert [one.step for one in history] == list(range(6)) and [one.timestamp for one in history] == list(range(1000, 1006))
    assert math.isnan(history[2].value) and history[3].value == math.inf and history[5].value == 1e-300
    assert [(one.value, one.timestamp, one.step) for one in client.get_metric_history(run, "again")] == [(5, 5, 2), (6, 6, 2), (7, 7, 2)]
    assert client.get_metric_history(run, "nobody") == []
    read = client.get_run(run).data
    assert read.metrics == {"loss": 1e-300, "again": 7, "val/acc top-1": 0.9, "step": 3}
    last = {one.key: one for one in read._metric_objs}["loss"]
    assert last.step == 5 and last.timestamp == 1005
    raises("INVALID_PARAMETER_VALUE", client.log_metric, run, "m", 1, timestamp=-1)
    # A batch: 1,000 values.
    batch = [Metric("b", step / 1000, step, step) for step in range(1000)]
    client.log_batch(run, metrics=batch)
    client.log_batch(run, params=[Param(f"p{n}", str(n)) for n in range(100)], tags=[RunTag(f"t{n}", str(n)) for n in range(100)])
    assert [one.value for one in client.get_metric_history(run, "b")] == [one.value for one in batch]
    read = client.get_run(run).data
    assert read.params["p99"] == "99" and read.tags["t0"] == "0" and read.metrics["b"] == 0.999
    raises("INVALID_PARAMETER_VALUE", client.log_batch, run, params=[Param("p0", "other")], tags=[RunTag("x", "1")])
    assert "x" not in client.get_run(run).data.tags
    client.set_terminated(run)
    frame = json.loads(server.file(run, "metrics.json"))
    assert frame["step"][:6] == [0, 1, 2, 3, 4, 5] and frame["loss"][:4] == [0.5, 0.25, "NaN", "Inf"]


def searching(client, server, experiment):
    experiment = client.create_experiment("searching")
    made = []
    for number, (optimizer, loss) in enumerate([("adam", 0.3), ("sgd", 0.1), ("adamw", 0.2)]):
        run = client.create_run(experiment, start_time=1000 + number, run_name=f"run {number}").info.run_id
        client.log_batch(
            run, metrics=[Metric("val loss", loss, 1, 0)], params=[Param("opt", optimizer), Param("lr", f"0.{number}")],
            tags=[RunTag("a/b", f"T {number}")])
        made.append(run)
    client.set_terminated(made[0])
    client.set_terminated(made[1], "KILLED")

    def found(filter_string="", **named):
        return [made.index(one.info.run_id) for one in client.search_runs([experiment], filter_string, **named)]

    assert found() == [2, 1, 0]
    assert found("metrics.`val loss` < 0.25", order_by=["metrics.`val loss` ASC"]) == [1, 2]
    assert found("params.opt = 'adam'") == [0]
    assert found("params.opt != 'adam'") == [2, 1]
    assert found("params.opt LIKE 'adam%' AND params.lr != '0.2'") == [0]
    assert found("params.opt ILIKE '%W'") == [2]
    assert found("tags.`a/b` = 'T 1'") == [1]
    assert found('tags."a/b" LIKE \'%2\'') == [2]
    assert found("attributes.status = 'FINISHED'") == [0]
    assert found("status != 'RUNNING'", order_by=["start_time ASC"]) == [0, 1]
    assert found("run_name = 'run 1'") == [1]
    assert found(f"run_id IN ('{made[0]}', '{made[2]}')") == [2, 0]
    assert found("start_time > 1000 AND metrics.`val loss` >= 0.2") == [2]
    assert found("params.nobody IS NULL AND tags.mlflow.runName IS NOT NULL") == [2, 1, 0]
    assert found("metrics.nobody > 0") == []
    assert found(order_by=["params.opt DESC", "attributes.start_time"]) == [1, 2, 0]
    page = client.search_runs([experiment], max_results=2)
    assert len(page) == 2 and page.token
    rest = client.search_runs([experiment], max_results=2, page_token=page.token)
    assert [made.index(one.info.run_id) for one in rest] == [0] and not rest.token
    client.delete_run(made[2])
    assert found() == [1, 0]
    assert found(run_view_type=ViewType.DELETED_ONLY) == [2]
    assert found(run_view_type=ViewType.ALL) == [2, 1, 0]
    for broken in ["x y z", "metrics.a = 'b'", "a = 'b' OR c = 'd'", "metrics.a = 1 AND"]:
        raises("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], broken)
    # Runs of other clients are in the default experiment.
    request = urllib.request.Request(
        f"{server.url}/runs/own", b'{"flags": {"lr": 0.5, "deep": true}}', {"Content-Type": "application/json"}, method="PUT")
    urllib.request.urlopen(request).close()
    request = urllib.request.Request(
        f"{server.url}/runs/own/metadata/metrics", b'[{"epoch": 0, "loss": 1}, {"epoch": 1, "loss": 0.5}]', {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    own = client.search_runs(["0"], "params.lr = '0.5' AND metrics.loss < 1")[0]
    assert own.info.run_id == "own" and own.data.params == {"lr": "0.5", "deep": "true"}
    assert [(one.value, one.step) for one in client.get_metric_history("own", "loss")] == [(1, 0), (0.5, 1)]


def main():
    with serving(sys.argv[1]) as server:
        mlflow.set_tracking_uri(server.url)
        client = MlflowClient()
        experiment = experiments(client, server)
        for check in [
            runs, params_and_tags, metrics, searching, artifacts, pictures, inputs_and_models, two_processes, killed,
            fluent, artifacts_of_scripts, lightning, hugging_face, r, java,
        ]:
            began = time.monotonic()
            check(client, server, experiment)
            print(f"{check.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    print(f"MLflow {mlflow.__version__} works")


if __name__ == "__main__":
    main()
