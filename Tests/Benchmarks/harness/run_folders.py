"""Makes many small run directories, as tfruns would have left them after as many trainings."""

import json
import multiprocessing
from pathlib import Path

PROCESSES = 2
FIRST_START = 1_700_000_000
OPTIMIZERS = ["adam", "sgd", "rmsprop", "lion"]


def run_name(number: int) -> str:
    return f"run-{number:06}"


def make_runs(folder: Path, count: int) -> None:
    """Makes `count` runs of some ten files each below `folder`, which is there."""
    step = 1000
    ranges = [(folder, first, min(first + step, count)) for first in range(0, count, step)]
    with multiprocessing.Pool(PROCESSES) as pool:
        pool.starmap(_make_range, ranges)


def _make_range(folder: Path, first: int, end: int) -> None:
    for number in range(first, end):
        _make_run(folder / run_name(number) / "tfruns.d", number)


def _make_run(data: Path, number: int) -> None:
    start = FIRST_START + number * 60.25
    loss = [round(1 / (epoch + 1) + number % 97 / 1000, 4) for epoch in range(5)]
    flags = {
        "learning_rate": [0.1, 0.01, 0.001][number % 3],
        "batch_size": [32, 64, 128][number // 3 % 3],
        "optimizer": OPTIMIZERS[number % 4],
        "augment": number % 2 == 0,
    }
    properties = {
        "type": "training",
        "context": "local",
        "script": f"train-{number % 20}.R",
        "start": f"{start}",
        "end": f"{start + 50}",
        "completed": "FALSE" if number % 10 == 0 else "TRUE",
        "epochs": "5",
        "samples": str(48_000 + number % 7),
    }
    documents = {
        "flags.json": flags,
        "evaluation.json": {"loss": loss[-1], "acc": round(1 - loss[-1] / 2, 4)},
        "metrics.json": {"loss": loss, "acc": [round(1 - value / 2, 4) for value in loss]},
    }
    (data / "properties").mkdir(parents=True)
    for name, text in properties.items():
        (data / "properties" / name).write_text(text + "\n")
    for name, content in documents.items():
        (data / name).write_text(json.dumps(content, indent=2) + "\n")
