"""Reading while runs go on: reduced metrics of a long run, and what readers cost the writers."""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .building import HERE
from .client import Client, request_bytes
from .failure import Failure
from .load import Wrk
from .long_run import MILLION, read_all, send_rows
from .registry import benchmark
from .servers import Rundir, running
from .session import Session
from .table import Row, Target, megabytes, milliseconds, per_second

CONNECTIONS = 64


@contextmanager
def _readers(port: int, path: str, count: int) -> Iterator[dict[str, int]]:
    """So many readers of events; what they got is in the dictionary at the end."""
    command = [sys.executable, str(HERE / "harness" / "event_readers.py"), str(port), path, str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    found: dict[str, int] = {}
    try:
        assert process.stdin is not None and process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise Failure(f"{count} readers of {path} could not connect")
        yield found
        process.stdin.close()
        found.update(json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@benchmark("points")
def points(session: Session) -> None:
    """GET …/metrics?points=1000 on a run of 1,000,000 rows x 4: cold, again, and after one more row"""
    path = "/runs/long/metrics?points=1000"
    with session.rundir(["long"]) as server, Client(server.port) as client:
        send_rows(client, "long", MILLION)
        request = request_bytes("GET", path)
        times: dict[str, list[float]] = {"cold": [], "again": [], "after one more row": []}

        def timed(kind: str) -> None:
            start = time.perf_counter()
            body = client.expect(200, request).body
            times[kind].append(time.perf_counter() - start)
            rows = len(json.loads(body)["loss"])
            if not 100 <= rows <= 3000:
                raise Failure(f"{path} has {rows} rows")

        timed("cold")
        for number in range(20):
            timed("again")
            row = b'{"epoch": %d, "loss": 0.4231, "acc": 0.8731, "val_loss": 0.174, "v": 0.95}' % (MILLION + 1 + number)
            client.expect(201, request_bytes("POST", "/runs/long/metadata/metrics", row))
            timed("after one more row")
        after, highest = server.memory(), server.memory("VmHWM")
    for kind, target in (("cold", 300), ("again", 20), ("after one more row", None)):
        taken = statistics.median(times[kind])
        judged = Target(target, False, " ms") if target else None
        figure = f"1,000 points of 1,000,000 rows x 4, {kind}"
        session.rows.append(Row(figure, milliseconds(taken), target=judged, judged=taken * 1e3))
    session.rows.append(Row("resident memory, 1,000,000 rows written, points read", megabytes(after)))
    session.rows.append(
        Row("resident memory, the highest meanwhile", megabytes(highest), target=Target(256, False, " MB"),
            judged=highest / 1e6)
    )


@benchmark("series")
def series(session: Session) -> None:
    """GET /series of two metrics of 20 runs of 100,000 rows each, 500 points: cold, again, and after one more row of each"""
    runs = [f"long-{number}" for number in range(20)]
    path = f"/series?runs={','.join(runs)}&metrics=loss,val_loss&points=500"
    request = request_bytes("GET", path)
    times: dict[str, list[float]] = {"cold": [], "again": [], "after one more row of each": []}

    def timed(client: Client, kind: str) -> None:
        start = time.perf_counter()
        body = client.expect(200, request).body
        times[kind].append(time.perf_counter() - start)
        found = json.loads(body)["series"]
        if len(found) != 40 or not all(100 <= len(one["y"]) <= 1500 for one in found):
            raise Failure(f"{path} has {len(found)} series")

    with session.new_folder() as folder:
        highest = 0
        for start in range(3):
            server = Rundir(session.binary, folder)
            with running(server), Client(server.port) as client:
                if start == 0:
                    server.initialise(runs)
                    for run in runs:
                        send_rows(client, run, 100_000)
                timed(client, "cold")
                for number in range(10):
                    timed(client, "again")
                for run in runs:
                    row = b'{"epoch": %d, "loss": 0.4231, "val_loss": 0.174}' % (100_001 + start)
                    client.expect(201, request_bytes("POST", f"/runs/{run}/metadata/metrics", row))
                timed(client, "after one more row of each")
                highest = max(highest, server.memory("VmHWM") if start else 0)
    for kind, target in (("cold", 300), ("again", 10), ("after one more row of each", None)):
        taken = statistics.median(times[kind])
        judged = Target(target, False, " ms") if target else None
        figure = f"series of 20 runs x 100,000 rows, {kind}"
        session.rows.append(Row(figure, milliseconds(taken), target=judged, judged=taken * 1e3))
    session.rows.append(Row("resident memory, the highest meanwhile", megabytes(highest)))


@benchmark("events")
def events(session: Session) -> None:
    """rows a second, 64 connections on one run, with 1,000 readers of its events against none"""
    readers = 1000
    rates: dict[int, list[float]] = {0: [], readers: []}
    first = 0
    # The readers of the turn before may be held for some more seconds.
    limit = {"RUNDIR_MAX_EVENT_READERS": str(3 * readers)}
    with session.rundir(["bench-1"], limit) as server:
        for number in range(session.rounds * 2):
            count = (0, readers)[(number + number // 2) % 2]
            if count:
                with _readers(server.port, "/runs/bench-1/events", count) as found:
                    load = Wrk(server.port, CONNECTIONS, session.seconds, "metrics", 1, first).wait()
                if found["readers"] != count or found["rows"] == 0:
                    raise Failure(f"the readers of events got {found}")
            else:
                load = Wrk(server.port, CONNECTIONS, session.seconds, "metrics", 1, first).wait()
            rates[count].append(load.rate)
            first += load.requests + CONNECTIONS
    with_readers, alone = statistics.median(rates[readers]), statistics.median(rates[0])
    session.rows.append(
        Row("rows, 64 connections on one run, 1,000 readers of its events", per_second(with_readers),
            f"{per_second(alone)} (no reader)", with_readers / alone, Target(0.8, True))
    )


@contextmanager
def _readers_of_all_kinds(port: int) -> Iterator[None]:
    """Two that read a listing and a long frame over and over, and 100 that follow all events."""
    stop = threading.Event()

    def read(target: str) -> None:
        while not stop.is_set():
            read_all(port, target)

    targets = ["/runs/long/metrics", "/runs?where=metric_loss%20%3E%200&order=-metric_acc&limit=50"]
    threads = [threading.Thread(target=read, args=(target,)) for target in targets]
    with _readers(port, "/events", 100) as found:
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    if found["readers"] != 100:
        raise Failure(f"the readers of events got {found}")


@benchmark("beside")
def beside(session: Session) -> None:
    """rows a second, 64 connections, a run each, while a listing and a frame of 1,000,000 rows are read over and over and 100 readers follow"""
    runs = [f"bench-{number}" for number in range(1, CONNECTIONS + 1)]
    kinds = ["nothing read", "another server read", "read"]
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    first = 0
    with session.rundir([*runs, "long"]) as server, session.rundir([*runs, "long"]) as other:
        for each in (server, other):
            with Client(each.port) as client:
                send_rows(client, "long", MILLION)
            read_all(each.port, "/runs/long/metrics")
        for number in range(session.rounds * len(kinds)):
            kind = kinds[(number + number // len(kinds)) % len(kinds)]
            with ExitStack() as stack:
                if kind != "nothing read":
                    stack.enter_context(_readers_of_all_kinds((server if kind == "read" else other).port))
                load = Wrk(server.port, CONNECTIONS, session.seconds, "metrics", len(runs), first).wait()
            rates[kind].append(load.rate)
            first += load.requests // len(runs) + CONNECTIONS
    found = {kind: statistics.median(each) for kind, each in rates.items()}
    figure = "rows, a run each; a listing and a frame of 1,000,000 rows read, 100 readers of events"
    for kind in kinds[:2]:
        against = f"{per_second(found[kind])} ({kind})"
        session.rows.append(Row(figure, per_second(found["read"]), against, found["read"] / found[kind]))
