"""Autologging of scikit-learn, Keras, LightGBM and XGBoost.

    autolog.py RUNDIR
"""

import json
import os
import sys
import time

from support import serving

import mlflow
from mlflow.tracking import MlflowClient


def scikit_learn(client, server):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    mlflow.sklearn.autolog(log_input_examples=False)
    features, classes = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        model = LogisticRegression(max_iter=200).fit(features, classes)
        model.score(features, classes)
    read = client.get_run(run.info.run_id)
    assert read.info.status == "FINISHED"
    assert read.data.params["max_iter"] == "200" and read.data.tags["estimator_name"] == "LogisticRegression"
    assert read.data.metrics["training_score"] > 0.9
    assert json.loads(server.file(run.info.run_id, "flags.json"))["max_iter"] == 200
    # The model comes back, by the run and by its id.
    [output] = read.outputs.model_outputs
    for uri in [f"models:/{output.model_id}", f"runs:/{run.info.run_id}/model"]:
        loaded = mlflow.sklearn.load_model(uri)
        assert (loaded.predict(features) == model.predict(features)).all()
    logged = client.get_logged_model(output.model_id)
    assert logged.status == "READY" and any(one.key == "training_score" for one in logged.metrics)
    assert len(read.inputs.dataset_inputs) == 1
    # A search makes runs of its own.
    with mlflow.start_run() as parent:
        GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=2).fit(features, classes)
    children = client.search_runs(["0"], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert sorted(child.data.params["C"] for child in children) == ["0.1", "1.0"]
    mlflow.sklearn.autolog(disable=True)


def keras(client, server):
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    import numpy

    mlflow.keras.autolog()
    inputs = numpy.random.default_rng(0).normal(size=(256, 4))
    outputs = inputs.sum(axis=1, keepdims=True)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    with mlflow.start_run() as run:
        model.fit(inputs, outputs, epochs=3, batch_size=32, validation_split=0.25, verbose=0)
    read = client.get_run(run.info.run_id)
    assert read.info.status == "FINISHED" and read.data.params["epochs"] == "3"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert len(history) == 3 and history[2].value < history[0].value
    frame = json.loads(server.file(run.info.run_id, "metrics.json"))
    assert {"step", "loss", "val_loss"} <= set(frame) and len(frame["loss"]) == 3


def boosting(client, server):
    import lightgbm
    import xgboost
    from sklearn.datasets import load_breast_cancer

    features, classes = load_breast_cancer(return_X_y=True)
    mlflow.lightgbm.autolog()
    with mlflow.start_run() as run:
        data = lightgbm.Dataset(features[:400], classes[:400])
        lightgbm.train(
            {"objective": "binary", "metric": "binary_logloss", "verbose": -1, "num_leaves": 7}, data, num_boost_round=5,
            valid_sets=[lightgbm.Dataset(features[400:], classes[400:], reference=data)])
    check(client, server, run, {"num_leaves": "7"}, "valid_0-binary_logloss", 5)
    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        test = xgboost.DMatrix(features[400:], classes[400:])
        xgboost.train(
            {"objective": "binary:logistic", "max_depth": 3}, xgboost.DMatrix(features[:400], classes[:400]), num_boost_round=5,
            evals=[(test, "test")], verbose_eval=False)
    check(client, server, run, {"max_depth": "3"}, "test-logloss", 5)


def check(client, server, run, params, metric, count):
    read = client.get_run(run.info.run_id)
    assert read.info.status == "FINISHED" and params.items() <= read.data.params.items(), read.data.params
    history = client.get_metric_history(run.info.run_id, metric)
    assert len(history) == count and history[-1].value < history[0].value, (read.data.metrics, history)
    assert json.loads(server.file(run.info.run_id, "metrics.json"))[metric] == [one.value for one in history]
    # The picture of what each feature gives, and the model, which reads back.
    names = [one.path for one in client.list_artifacts(run.info.run_id)]
    assert any(name.startswith("feature_importance") and name.endswith(".png") for name in names), names
    [output] = read.outputs.model_outputs
    assert mlflow.pyfunc.load_model(f"models:/{output.model_id}") is not None


def main():
    with serving(sys.argv[1]) as server:
        mlflow.set_tracking_uri(server.url)
        client = MlflowClient()
        for part in (scikit_learn, keras, boosting):
            began = time.monotonic()
            part(client, server)
            print(f"autologging of {part.__name__}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
