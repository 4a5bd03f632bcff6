"""Whether the server answers while its disk does not."""

import time

from .client import Client, request_bytes
from .failure import Failure
from .load import Wrk
from .registry import benchmark
from .session import Session
from .table import Row, Target, milliseconds

SYNC_MILLISECONDS = 500
WRITERS = 4
LOAD_SECONDS = 8
REQUESTS = 300
PAUSE_SECONDS = 0.015


@benchmark("health")
def health(session: Session) -> None:
    """p99 of GET /health while each sync of the disk takes 500 ms and 4 connections write rows"""
    with session.new_folder() as folder:
        slow = folder / "slow"
        environment = {
            "LD_PRELOAD": str(session.tools / "slowsync.so"),
            "SLOWSYNC_MS": str(SYNC_MILLISECONDS),
            "SLOWSYNC_WHEN": str(slow),
        }
        runs = [f"bench-{number}" for number in range(1, WRITERS + 1)]
        with session.rundir(runs, environment) as server:
            slow.touch()
            writers = Wrk(server.port, WRITERS, LOAD_SECONDS, "metrics", len(runs), 10)
            try:
                times = _times(server.port, time.monotonic() + LOAD_SECONDS)
                written = writers.wait()
            finally:
                writers.stop()
                # The server ends at full speed.
                slow.unlink()
    if written.p50 < 0.8 * SYNC_MILLISECONDS / 1e3:
        raise Failure(f"rows took {milliseconds(written.p50)} in the middle: the syncs were not slow")
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    figure = f"GET /health, each sync {SYNC_MILLISECONDS} ms, p99 of {len(times)}"
    session.rows.append(Row(figure, milliseconds(p99), target=Target(50, False, " ms"), judged=p99 * 1e3))


def _times(port: int, deadline: float) -> list[float]:
    """How long each GET took, sorted. They are spread over several syncs; a server that stands still gives fewer."""
    request = request_bytes("GET", "/health")
    times: list[float] = []
    with Client(port) as client:
        while len(times) < REQUESTS and (not times or time.monotonic() < deadline):
            time.sleep(PAUSE_SECONDS)
            start = time.perf_counter()
            client.expect(200, request)
            times.append(time.perf_counter() - start)
    return sorted(times)
