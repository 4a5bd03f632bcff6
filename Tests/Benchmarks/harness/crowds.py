"""Many connections: slow ones beside a healthy client, and open ones that send little each."""

import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .building import HERE
from .failure import Failure
from .load import Load, Wrk, parse_result
from .registry import benchmark
from .session import Session
from .table import Row, Target, megabytes, milliseconds

SLOW = 1000
OPEN = 10_000
RUNS = 1000
# Seconds until the buffers of those who read nothing are full: from then on they are slow, and no load.
SETTLING = 5
# Seconds of the open connections' load, at least. The first one, in which connections and runs begin, is told apart.
LEAST_SECONDS = 6
# Descriptors beside those of connections: files of runs, of the store, of the program.
BESIDE = 5000


@contextmanager
def _slow_clients(port: int, count: int) -> Iterator[None]:
    command = [sys.executable, str(HERE / "harness" / "slow_clients.py"), str(port), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None and process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise Failure(f"{count} slow clients could not connect")
        yield
        process.stdin.close()
        if json.loads(process.stdout.readline())["connected"] != count:
            raise Failure("some of the slow clients were not connected")
    finally:
        process.kill()
        process.wait()


@benchmark("slow")
def slow(session: Session) -> None:
    """p99 of one client that sends rows while 1,000 connections are slow: heads, bodies, readers; against none"""
    found: dict[int, list[Load]] = {0: [], SLOW: []}
    first = 0
    with session.rundir(["bench-1", "slow"]) as server:
        for number in range(session.rounds * 2):
            count = (0, SLOW)[(number + number // 2) % 2]
            if count:
                with _slow_clients(server.port, count):
                    time.sleep(SETTLING)
                    load = Wrk(server.port, 1, session.seconds, "metrics", 1, first).wait()
            else:
                load = Wrk(server.port, 1, session.seconds, "metrics", 1, first).wait()
            found[count].append(load)
            first += load.requests + 1
    beside, alone = (statistics.median(load.p99 for load in found[count]) for count in (SLOW, 0))
    session.rows.append(
        Row(f"rows, 1 connection, p99, beside {SLOW:,} slow connections", milliseconds(beside),
            f"{milliseconds(alone)} (none)", beside / alone, Target(2, False)))


@benchmark("open")
def open_connections(session: Session) -> None:
    """10,000 open connections that send a row a second each, to 1,000 runs; p99, and resident memory"""
    _raise_descriptors(OPEN + BESIDE)
    runs = [f"bench-{number}" for number in range(1, RUNS + 1)]
    seconds = max(LEAST_SECONDS, session.seconds * session.rounds)
    environment = {"RUNDIR_MAX_CONNECTIONS": str(OPEN + 100)}
    with session.rundir(runs, environment) as server:
        command = [str(session.tools / "pacer"), str(server.port), str(OPEN), str(seconds), str(RUNS)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 3 + 60)
        load = parse_result("pacer", done.returncode, done.stdout)
        first = int(re.search(r"first_p99=(\d+)", done.stdout)[1]) / 1e6
        if load.requests < 0.9 * OPEN * seconds:
            raise Failure(f"only {load.requests} of {OPEN * seconds} rows were sent in their second")
        memory = server.memory("VmHWM")
        lines = sum(server.rows(run) for run in runs)
    if lines < load.requests:
        raise Failure(f"{load.requests} rows were acknowledged, {lines} lines are in metrics.ndjson")
    figure = f"{OPEN:,} connections, a row a second each"
    session.rows.append(
        Row(f"{figure}, p99", milliseconds(load.p99), target=Target(20, False, " ms"), judged=load.p99 * 1e3))
    session.rows.append(Row(f"{figure}, p99 of each one's first row", milliseconds(first)))
    session.rows.append(
        Row(f"{figure}, the most resident memory", megabytes(memory), target=Target(400, False, " MB"),
            judged=memory / 1e6))


def _raise_descriptors(count: int) -> None:
    """What the server and the load may have open: both inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Failure(f"it takes {count} open files, and {hard} are allowed; raise the limit (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
