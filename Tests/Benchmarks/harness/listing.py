"""100,000 runs in the runs directory: starting, listing, building the index, memory.

Making the runs takes most of the time. Where that, or a step, would take too long, what is left out is said on standard error
and in the table.
"""

import json
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from .client import Client, request_bytes
from .failure import Failure
from .registry import benchmark
from .run_folders import drop_caches, make_runs, remove_runs, run_name
from .servers import Rundir, running
from .session import Session
from .table import Row, Target, megabytes, milliseconds

RUNS = 100_000
PAGE = 1000
TIMED_LISTINGS = 200
MAKING_SECONDS = 240
REINDEX_SECONDS = 300
COLD_SECONDS = 90
# A condition on three columns, and an order by one that it does not name.
QUERY = urllib.parse.urlencode(
    {"where": "eval_acc > 0.85 & flag_learning_rate <= 0.01 | is.na(metric_loss)", "order": "-metric_acc", "limit": 50}
)
# Orders by text, with a condition that is true of every run: few different texts, and one of each run's own.
TEXT_QUERIES = {
    "by script": urllib.parse.urlencode({"where": "type == 'training'", "order": "script", "limit": 50}),
    "by run": urllib.parse.urlencode({"where": "type == 'training'", "order": "-run", "limit": 50}),
}


def seconds(value: float) -> str:
    return f"{value:,.2f} s"


@benchmark("listing")
def listing(session: Session) -> None:
    """starting with 100,000 runs, listing them, building their index, memory"""
    assert session.binary is not None
    with session.new_folder() as folder:
        runs = folder / "runs"
        runs.mkdir()
        try:
            begun = time.monotonic()
            made = make_runs(runs, RUNS, MAKING_SECONDS, lambda done: _progress(f"{done:,} of {RUNS:,} runs made", begun))
            if made < RUNS:
                raise Failure(f"only {made:,} runs of {RUNS:,} were made in {MAKING_SECONDS} s; nothing was measured")
            _measure(session, folder, runs)
        finally:
            _say("the runs are removed …")
            remove_runs(runs)


def _measure(session: Session, folder: Path, runs: Path) -> None:
    assert session.binary is not None
    built = [_reindex(session.binary, runs) for _ in range(max(min(session.rounds, 3), 1))]
    took = statistics.median(built)
    _say(f"index built in {', '.join(seconds(each) for each in built)}")
    _add("building the index of 100,000 runs", session, seconds(took), took, Target(30, False, " s"))
    _measure_cold(session, session.binary, runs)
    started = []
    for _ in range(max(session.rounds, 1)):
        begun = time.monotonic()
        server = Rundir(session.binary, folder)
        with running(server), Client(server.port) as client:
            list_runs(client, "limit=1")
            started.append(time.monotonic() - begun)
    took = statistics.median(started)
    _say(f"started in {', '.join(seconds(each) for each in started)}")
    _add("start with 100,000 runs to the first listing", session, seconds(took), took, Target(1, False, " s"))
    server = Rundir(session.binary, folder)
    with running(server), Client(server.port) as client:
        _measure_listing(session, client)
        _say("all runs are listed page by page …")
        if (count := _list_all(client)) != RUNS:
            raise Failure(f"{count} runs are listed of {RUNS}")
        size = server.memory()
        _add("resident memory, 100,000 runs listed", session, megabytes(size), size / 1e6, Target(128, False, " MB"))


def _measure_cold(session: Session, binary: Path, runs: Path) -> None:
    """A disk reads some ten thousand small files a second, or far fewer: not waited for without end."""
    figure = "the same, nothing of the files in memory"
    if not drop_caches():
        _say(f"not measured: {figure} (/proc/sys/vm/drop_caches is for root)")
        return
    try:
        took = _reindex(binary, runs, COLD_SECONDS)
    except TimeoutError:
        _say(f"stopped after {COLD_SECONDS} s: {figure}")
        _add(figure, session, f"over {COLD_SECONDS} s", None, None)
        # So that there is an index to start with.
        _reindex(binary, runs)
        return
    _say(f"index built in {seconds(took)} with nothing of the files in memory")
    _add(figure, session, seconds(took), took, None)


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _progress(text: str, begun: float) -> None:
    _say(f"{text}, {time.monotonic() - begun:.0f} s")


def _add(figure: str, session: Session, text: str, judged: float | None, target: Target | None) -> None:
    session.rows.append(Row(figure, text, target=target, judged=judged))


def _reindex(binary: Path, runs: Path, limit: float = REINDEX_SECONDS) -> float:
    begun = time.monotonic()
    command = [str(binary), "reindex", "--runs", str(runs)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"rundir reindex took longer than {limit} s and was stopped") from None
    if done.returncode != 0 or not done.stdout.startswith(f"{RUNS} runs"):
        raise Failure(f"rundir reindex: {done.stdout}{done.stderr}")
    return time.monotonic() - begun


def _measure_listing(session: Session, client: Client) -> None:
    begun = time.perf_counter()
    first = list_runs(client, QUERY)
    cold = time.perf_counter() - begun
    if len(first) != 50 or any(run["eval_acc"] <= 0.85 or run["flag_learning_rate"] > 0.01 for run in first):
        raise Failure(f"GET /runs?{QUERY} has {len(first)} runs, or some that it should not have")
    took = _median_listing(client, QUERY)
    _add("GET /runs with where and order, 100,000 runs", session, milliseconds(took), took * 1e3, Target(10, False, " ms"))
    _add("the same, the first time", session, milliseconds(cold), cold * 1e3, None)
    for order, query in TEXT_QUERIES.items():
        if len(list_runs(client, query)) != 50:
            raise Failure(f"GET /runs?{query} has not 50 runs")
        took = _median_listing(client, query)
        figure = f"GET /runs {order}, the condition true of all 100,000"
        _add(figure, session, milliseconds(took), took * 1e3, Target(10, False, " ms"))
    # A run that is written to between listings has to be looked at before each.
    row = request_bytes("POST", f"/runs/{run_name(1)}/metadata/metrics", b'{"loss": 0.5}')
    times = []
    for _ in range(TIMED_LISTINGS):
        client.expect(201, row)
        begun = time.perf_counter()
        list_runs(client, QUERY)
        times.append(time.perf_counter() - begun)
    took = statistics.median(times)
    _add("the same, a row written before each", session, milliseconds(took), took * 1e3, Target(10, False, " ms"))


def _median_listing(client: Client, query: str) -> float:
    times = []
    for _ in range(TIMED_LISTINGS):
        begun = time.perf_counter()
        list_runs(client, query)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def list_runs(client: Client, query: str) -> list[dict]:
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
