"""One measurement with MLflow's client: mlflow_client.py URL log_metric|log_batch|make|search …; prints a line of JSON."""

import json
import statistics
import sys
import time

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

client = MlflowClient(sys.argv[1])
task, arguments = sys.argv[2], sys.argv[3:]

if task == "log_metric":
    count = int(arguments[0])
    run = client.create_run("0").info.run_id
    client.log_metric(run, "loss", 1.0, step=0)
    began = time.perf_counter()
    for step in range(1, count + 1):
        client.log_metric(run, "loss", 1 / step, step=step)
    result = {"rate": count / (time.perf_counter() - began)}
elif task == "log_batch":
    run = client.create_run("0").info.run_id
    times = []
    for turn in range(int(arguments[0])):
        batch = [Metric(f"m{number % 10}", 0.5, 1, turn * 100 + number // 10) for number in range(1000)]
        began = time.perf_counter()
        client.log_batch(run, metrics=batch)
        times.append(time.perf_counter() - began)
    result = {"seconds": statistics.median(times)}
elif task == "make":
    experiment = client.create_experiment(f"made {time.time()}")
    for number in range(int(arguments[0])):
        run = client.create_run(experiment).info.run_id
        client.log_batch(
            run, metrics=[Metric("loss", number % 997 / 997, 1, 0), Metric("acc", number % 89 / 89, 1, 0)],
            params=[Param("learning_rate", f"0.0{number % 9 + 1}"), Param("optimizer", ["adam", "sgd"][number % 2])])
    result = {"experiment": experiment}
elif task == "search":
    times = []
    for _ in range(int(arguments[1])):
        began = time.perf_counter()
        client.search_runs([arguments[0]], "metrics.loss < 0.5 AND params.optimizer = 'adam'", max_results=50, order_by=["metrics.loss ASC"])
        times.append(time.perf_counter() - began)
    result = {"seconds": statistics.median(times)}
else:
    sys.exit(__doc__)
print(json.dumps(result))
