"""100,000 runs in the runs directory: starting, listing, building the index, memory."""

import json
import statistics
import subprocess
import time
import urllib.parse
from pathlib import Path

from .client import Client, request_bytes
from .failure import Failure
from .registry import benchmark
from .run_folders import make_runs, run_name
from .servers import Rundir, running
from .session import Session
from .table import Row, Target, megabytes, milliseconds

RUNS = 100_000
PAGE = 1000
TIMED_LISTINGS = 200
# A condition on three columns, and an order by one that it does not name.
QUERY = urllib.parse.urlencode(
    {"where": "eval_acc > 0.85 & flag_learning_rate <= 0.01 | is.na(metric_loss)", "order": "-metric_acc", "limit": 50}
)


def seconds(value: float) -> str:
    return f"{value:,.2f} s"


@benchmark("listing")
def listing(session: Session) -> None:
    """starting with 100,000 runs, listing them, building their index, memory"""
    assert session.binary is not None
    with session.new_folder() as folder:
        runs = folder / "runs"
        runs.mkdir()
        make_runs(runs, RUNS)
        built = _reindex(session.binary, runs)
        _add("building the index of 100,000 runs", session, seconds(built), built, Target(30, False, " s"))
        started = []
        for _ in range(max(session.rounds, 1)):
            begun = time.monotonic()
            server = Rundir(session.binary, folder)
            with running(server), Client(server.port) as client:
                _list(client, "limit=1")
                started.append(time.monotonic() - begun)
        took = statistics.median(started)
        _add("start with 100,000 runs to the first listing", session, seconds(took), took, Target(1, False, " s"))
        server = Rundir(session.binary, folder)
        with running(server), Client(server.port) as client:
            _measure_listing(session, client)
            if (count := _list_all(client)) != RUNS:
                raise Failure(f"{count} runs are listed of {RUNS}")
            size = server.memory()
            _add(
                "resident memory, 100,000 runs listed", session, megabytes(size), size / 1e6, Target(128, False, " MB")
            )


def _add(figure: str, session: Session, text: str, judged: float, target: Target | None) -> None:
    session.rows.append(Row(figure, text, target=target, judged=judged))


def _reindex(binary: Path, runs: Path) -> float:
    begun = time.monotonic()
    done = subprocess.run([str(binary), "reindex", "--runs", str(runs)], capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.startswith(f"{RUNS} runs"):
        raise Failure(f"rundir reindex: {done.stdout}{done.stderr}")
    return time.monotonic() - begun


def _measure_listing(session: Session, client: Client) -> None:
    begun = time.perf_counter()
    first = _list(client, QUERY)
    cold = time.perf_counter() - begun
    if len(first) != 50 or any(run["eval_acc"] <= 0.85 or run["flag_learning_rate"] > 0.01 for run in first):
        raise Failure(f"GET /runs?{QUERY} has {len(first)} runs, or some that it should not have")
    times = []
    for number in range(TIMED_LISTINGS):
        begun = time.perf_counter()
        _list(client, QUERY)
        times.append(time.perf_counter() - begun)
    took = statistics.median(times)
    _add("GET /runs with where and order, 100,000 runs", session, milliseconds(took), took * 1e3, Target(10, False, " ms"))
    _add("the same, the first time", session, milliseconds(cold), cold * 1e3, None)
    # A run that is written to between listings has to be looked at before each.
    row = request_bytes("POST", f"/runs/{run_name(1)}/metadata/metrics", b'{"loss": 0.5}')
    times = []
    for number in range(TIMED_LISTINGS):
        client.expect(201, row)
        begun = time.perf_counter()
        _list(client, QUERY)
        times.append(time.perf_counter() - begun)
    took = statistics.median(times)
    _add("the same, a row written before each", session, milliseconds(took), took * 1e3, Target(10, False, " ms"))


def _list(client: Client, query: str) -> list[dict]:
    return json.loads(client.expect(200, request_bytes("GET", f"/runs?{query}")).body)["runs"]


def _list_all(client: Client) -> int:
    """Lists page by page, and returns how many runs there were."""
    count, cursor = 0, ""
    while True:
        page = json.loads(client.expect(200, request_bytes("GET", f"/runs?limit={PAGE}{cursor}")).body)
        count += len(page["runs"])
        if "next" not in page:
            return count
        cursor = f"&cursor={page['next']}"
