"""Two processes at once, and a server that is killed."""

import json
import multiprocessing
import threading
import time

from mlflow.tracking import MlflowClient


def log_many(run, worker, count):
    client = MlflowClient()
    for step in range(count):
        client.log_metric(run, f"m{worker}", step, step=step)


def two_processes(client, server, experiment):
    """Two processes write to one run, and lose nothing."""
    run = client.create_run(experiment).info.run_id
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=log_many, args=(run, number, 200)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    for number in range(2):
        assert [one.value for one in client.get_metric_history(run, f"m{number}")] == list(range(200))


def killed(client, server, experiment):
    """The server is killed while a client writes. What was acknowledged is there; the client goes on."""
    run = client.create_run(experiment, run_name="killed").info.run_id
    client.log_param(run, "lr", "0.1")
    logged = []

    def write():
        for step in range(300):
            client.log_metric(run, "m", step, step=step)
            logged.append(step)

    writer = threading.Thread(target=write)
    writer.start()
    while len(logged) < 50:
        time.sleep(0.01)
    server.kill()
    server.start()
    writer.join()
    assert len(logged) == 300
    history = client.get_metric_history(run, "m")
    # A request whose reply was lost was sent again; its value is there once.
    assert [one.step for one in history] == list(range(300))
    assert client.get_experiment(experiment).name == "first"
    assert client.get_run(run).data.params == {"lr": "0.1"}
    client.set_terminated(run)
    server.stop()
    server.start()
    assert client.get_run(run).info.status == "FINISHED"
    assert len(json.loads(server.file(run, "metrics.json"))["m"]) == 300
