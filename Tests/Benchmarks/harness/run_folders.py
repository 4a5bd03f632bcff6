"""Makes many small run directories, as Rundir leaves them after as many trainings."""

import json
import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROCESSES = 2
STEP = 500
FIRST_START = 1_700_000_000
EPOCHS = 5
OPTIMIZERS = ["adam", "sgd", "rmsprop", "lion"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def run_name(number: int) -> str:
    return f"run-{number:06}"


def drop_caches() -> bool:
    """Makes the kernel forget what it has read of all files (proc_sys_vm(5)); False where it may not be told so."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def make_runs(folder: Path, count: int, seconds: float, progress: Callable[[int], None]) -> int:
    """Makes up to `count` runs of eleven files each below `folder`, which is there, until the time is over.

    Every file is one of its own (no hard links: a run's files then lie on the disk as they would), and they are made in
    the order of the runs. `progress` is told how many are done. Returns how many there are.
    """
    until = time.monotonic() + seconds
    done = 0
    ranges = ((folder, first, min(first + STEP, count), until) for first in range(0, count, STEP))
    with multiprocessing.Pool(PROCESSES) as pool:
        for made in pool.imap(_make_range, ranges):
            done += made
            if done % (20 * STEP) == 0 or done == count:
                progress(done)
    return done


def remove_runs(folder: Path) -> None:
    """Removes them, on as many processes as they were made on (a million files take a while)."""
    parts = [folder / name for name in os.listdir(folder)]
    with multiprocessing.Pool(PROCESSES) as pool:
        pool.map(_remove, (parts[start : start + STEP] for start in range(0, len(parts), STEP)))


def _remove(paths: list[Path]) -> None:
    subprocess.run(["rm", "-rf", "--", *map(str, paths)], check=True)


def _make_range(arguments: tuple[Path, int, int, float]) -> int:
    folder, first, end, until = arguments
    if time.monotonic() > until:
        return 0
    for number in range(first, end):
        _make_run(f"{folder}/{run_name(number)}", number)
    return end - first


def _make_run(folder: str, number: int) -> None:
    data = f"{folder}/tfruns.d"
    os.mkdir(folder)
    os.mkdir(data)
    os.mkdir(f"{data}/properties")
    for name, text in _files(number):
        descriptor = os.open(f"{data}/{name}", _FLAGS, 0o644)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _files(number: int) -> list[tuple[str, str]]:
    """The files in the order in which Rundir writes them."""
    start = FIRST_START + number * 60.25
    losses = [round(1 / (epoch + 1) + number % 97 / 1000, 4) for epoch in range(EPOCHS)]
    rows = [
        {"epoch": epoch + 1, "loss": loss, "acc": round(1 - loss / 2, 4), "val_loss": round(loss * 1.1, 4)}
        for epoch, loss in enumerate(losses)
    ]
    flags = {
        "learning_rate": [0.1, 0.01, 0.001][number % 3],
        "batch_size": [32, 64, 128][number // 3 % 3],
        "optimizer": OPTIMIZERS[number % 4],
        "augment": number % 2 == 0,
    }
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    frame = ",\n".join(f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in columns.items())
    return [
        ("properties/epochs", f"{EPOCHS}\n"),
        ("properties/type", "training\n"),
        ("properties/context", "remote\n"),
        ("properties/script", f"train-{number % 20}.py\n"),
        ("properties/start", f"{start}\n"),
        ("properties/completed", "FALSE\n" if number % 10 == 0 else "TRUE\n"),
        ("flags.json", json.dumps(flags, indent=2) + "\n"),
        ("metrics.ndjson", "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)),
        ("metrics.json", "{\n" + frame + "\n}\n"),
        ("evaluation.json", json.dumps({"loss": losses[-1], "acc": round(1 - losses[-1] / 2, 4)}, indent=2) + "\n"),
        ("properties/end", f"{start + 50}\n"),
    ]
