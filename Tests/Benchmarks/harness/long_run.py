"""A run of a million rows: what one more row costs, and how much memory the server holds."""

import http.client
import statistics
import time
from contextlib import closing

from .client import Client, request_bytes
from .failure import Failure
from .registry import benchmark
from .session import Session
from .servers import Rundir
from .table import Row, Target, megabytes, milliseconds

MILLION = 1_000_000
BODY_ROWS = 10_000
TIMED_ROWS = 2_000
# Runs take turns by so many rows: seldom enough that a cost which comes a little after its row falls to the run that
# caused it, often enough that both see the same disk.
BLOCK_ROWS = 50


def _row(epoch: int) -> bytes:
    return b'{"epoch": %d, "loss": 0.4231, "acc": 0.8731, "val_loss": 0.174, "v": 0.95}' % epoch


def send_rows(client: Client, run: str, count: int, body_rows: int = BODY_ROWS) -> None:
    """Fills a run with rows of epochs 1 to `count`, many in each body."""
    path = f"/runs/{run}/metadata/metrics"
    for first in range(1, count + 1, body_rows):
        last = min(first + body_rows - 1, count)
        body = b"".join(_row(epoch) + b"\n" for epoch in range(first, last + 1))
        client.expect(201, request_bytes("POST", path, body, "application/x-ndjson"))


def _check_rows(server: Rundir, run: str, count: int) -> None:
    if (lines := server.rows(run)) != count:
        raise Failure(f"{run} was sent {count} rows and has {lines} lines in metrics.ndjson")


@benchmark("millionth")
def millionth(session: Session) -> None:
    """time of a single row on a run of 1,000,000 rows against one of 1,000"""
    with session.rundir(["short", "long"]) as server:
        time_rows(session, server, MILLION)


def time_rows(session: Session, server: Rundir, rows: int) -> None:
    """Times rows on the run `long`, of so many rows, and on `short`, of 1,000, in turn; adds what that came to."""
    sizes = {"short": 1_000, "long": rows}
    times: dict[str, list[float]] = {run: [] for run in sizes}
    with Client(server.port) as client:
        for run, count in sizes.items():
            send_rows(client, run, count)
        for block in range(0, TIMED_ROWS, BLOCK_ROWS):
            for run, count in sizes.items():
                for number in range(block, block + BLOCK_ROWS):
                    request = request_bytes("POST", f"/runs/{run}/metadata/metrics", _row(count + 1 + number))
                    start = time.perf_counter()
                    client.expect(201, request)
                    times[run].append(time.perf_counter() - start)
    for run, count in sizes.items():
        _check_rows(server, run, count + TIMED_ROWS)
    # The mean holds what the median hides: a rare cost that grows with the run. It has no target, for it also holds
    # whatever else the machine did.
    target = Target(1.1, False) if rows == MILLION else None
    for name, average, judged in (("median", statistics.median, target), ("mean", statistics.mean, None)):
        long, short = average(times["long"]), average(times["short"])
        figure = f"{rows:,}th row against the 1,000th, {name}"
        session.rows.append(Row(figure, milliseconds(long), milliseconds(short), long / short, judged))


@benchmark("memory")
def memory(session: Session) -> None:
    """resident memory: idle, and after a run of 1,000,000 rows x 4 was written and read once"""
    with session.rundir([]) as server:
        idle = server.memory()
        server.initialise(["long"])
        with Client(server.port) as client:
            send_rows(client, "long", MILLION)
        read = read_all(server.port, "/runs/long/metadata/metrics")
        _check_rows(server, "long", MILLION)
        after, highest = server.memory(), server.memory("VmHWM")
    # Four numbers and their separators a row, at the least.
    if read < MILLION * 8:
        raise Failure(f"the frame of {MILLION} rows was {read} bytes long")
    for figure, size, limit in (("idle", idle, 32), ("1,000,000 rows x 4 written and read", after, 256)):
        target = Target(limit, False, " MB")
        session.rows.append(Row(f"resident memory, {figure}", megabytes(size), target=target, judged=size / 1e6))
    session.rows.append(Row("resident memory, the highest meanwhile", megabytes(highest)))


def read_all(port: int, path: str) -> int:
    """Reads a reply, chunked or not, and returns its length."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("GET", path)
        reply = connection.getresponse()
        length = sum(len(piece) for piece in iter(lambda: reply.read(1 << 20), b""))
        if reply.status != 200:
            raise Failure(f"GET {path}: {reply.status}")
        return length
