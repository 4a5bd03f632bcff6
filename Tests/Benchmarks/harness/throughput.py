"""Durable writes a second: metrics rows against plain C and Redis, and flags."""

import json
import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .contenders import Contender, Measurement, http_contender, redis_contender, take_turns
from .failure import Failure
from .load import Load, Wrk
from .registry import benchmark
from .servers import Rundir, Server, free_port, running
from .session import Session
from .table import Row, Target, milliseconds, per_second

CEILING = "C, handler does nothing"
# Program and further arguments by the name in the table.
PLAIN_C = {
    "C, one loop": ("loop",),
    "C, committer, 1 thread": ("committer", "1"),
    "C, committer, 2 threads": ("committer", "2"),
}


def _runs(count: int) -> list[str]:
    """The runs that post.lua sends to."""
    return [f"bench-{number}" for number in range(1, count + 1)]


@contextmanager
def _plain_c(session: Session, connections: int, *, ceiling: bool) -> Iterator[list[Contender]]:
    """The plain C shapes, and the ceiling, up and running. They do not look at paths: one run is as good as many."""
    with ExitStack() as stack:
        folder = stack.enter_context(session.new_folder())
        contenders = []
        for name, (program, *rest) in (PLAIN_C | ({CEILING: ("ceiling",)} if ceiling else {})).items():
            port = free_port()
            journal = [] if program == "ceiling" else [str(folder / "-".join([program, *rest, "journal"]))]
            command = [str(session.tools / program), str(port), *journal, *rest]
            server = stack.enter_context(running(Server(command, port, folder / f"{program}{''.join(rest)}.log")))
            contenders.append(http_contender(name, server, connections))
        yield contenders


@contextmanager
def _redis(session: Session, connections: int) -> Iterator[list[Contender]]:
    """Redis that syncs its log before each reply, where Redis is installed."""
    if shutil.which("redis-server") is None or shutil.which("redis-benchmark") is None:
        yield []
        return
    with session.new_folder() as folder:
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
        # No rewriting of the log in the middle of a measurement.
        command += ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]
        with running(Server(command, port, folder / "log")) as server:
            yield [redis_contender(server, connections)]


def _check_rows(server: Rundir, runs: list[str], found: Measurement, connections: int) -> None:
    """Each reply stands for a line on disk. Requests that were under way when a load ended may be there too."""
    lines = sum(server.rows(run) for run in runs)
    most = found.requests + connections * len(found.loads)
    if not found.requests <= lines <= most:
        raise Failure(f"{found.figure}: {found.requests} rows were acknowledged, {lines} lines are in metrics.ndjson")


def _rows(session: Session, figure: str, connections: int) -> None:
    """Measures rows at a number of connections, a run each, and adds the rows of the table."""
    runs = _runs(connections)
    with ExitStack() as stack:
        contenders = stack.enter_context(_plain_c(session, connections, ceiling=True))
        rundir = None
        if session.binary is not None:
            rundir = stack.enter_context(session.rundir(runs))
            contenders.insert(1, http_contender("rundir", rundir, connections, runs=len(runs)))
        contenders += stack.enter_context(_redis(session, connections))
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        if rundir is None:
            return
        _check_rows(rundir, runs, found["rundir"], connections)

    ours = found["rundir"]
    best = max((found[name] for name in PLAIN_C), key=lambda shape: shape.rate)
    redis = found.get("Redis")
    # Only the figure at many connections has a target against Redis.
    targets = (Target(0.9, True), Target(1, True)) if connections > 1 else (Target(0.85, True), None)
    for other, target in zip((best, redis), targets):
        if other is None:
            session.rows.append(Row(figure, per_second(ours.rate), "Redis is not installed"))
            continue
        against = f"{per_second(other.rate)} ({other.name})"
        session.rows.append(Row(figure, per_second(ours.rate), against, ours.rate / other.rate, target))
    if connections > 1:
        quick = min((found[name] for name in PLAIN_C), key=lambda shape: shape.p99)
        against = f"{milliseconds(quick.p99)} ({quick.name})"
        ratio = ours.p99 / quick.p99
        session.rows.append(Row(f"{figure}, p99", milliseconds(ours.p99), against, ratio, Target(1.5, False)))


@benchmark("flags")
def flags(session: Session) -> None:
    """durable flags documents at 64 connections, a run each"""
    # First of all: each document is a file made and one removed, and ext4 without a journal looks at every inode that was
    # freed in the last minute before it takes another (recently_deleted() in fs/ext4/ialloc.c). The others remove many.
    figure, connections = "flags, 64 connections, a run each", 64
    runs = _runs(connections)
    with session.rundir(runs) as server:
        contender = http_contender("rundir", server, connections, "flags", len(runs))
        found = take_turns(figure, [contender], session.rounds, session.seconds)["rundir"]
        session.measurements.append(found)
        for run in runs:
            names = json.loads((server.data(run) / "flags.json").read_bytes())
            if list(names) != ["learning_rate", "batch_size", "optimizer", "dropout", "seed"]:
                raise Failure(f"flags.json of {run} is not what was sent: {names}")
    session.rows.append(Row(figure, per_second(found.rate), target=Target(5000, True, "/s"), judged=found.rate))


@benchmark("new-runs")
def new_runs(session: Session) -> None:
    """runs initialised at 64 connections, by POST /runs and by PUT with flags, until there are 100,000; and the folders
    and files of runs, made by plain C and nothing else"""
    # Before what removes many files, as flags.
    connections, wanted = 64, 100_000
    loads: dict[str, list[Load]] = {"new": [], "put": []}
    plain_c: list[float] = []
    with session.rundir([]) as server, session.new_folder() as folders:
        while (made := sum(load.requests for load in [*loads["new"], *loads["put"]])) < wanted:
            for kind, found in loads.items():
                # Ids that none of the earlier loads can have sent.
                wrk = Wrk(server.port, connections, session.seconds, kind, 1, made * 2 + len(found) * connections)
                try:
                    found.append(wrk.wait())
                finally:
                    wrk.stop()
            plain_c.append(_folders(session, folders / str(len(plain_c))))
        there = sum(1 for name in os.listdir(server.runs) if not name.startswith("."))
        made = sum(load.requests for load in [*loads["new"], *loads["put"]])
        most = made + connections * sum(len(found) for found in loads.values())
        if not made <= there <= most:
            raise Failure(f"{made} runs were initialised, and there are {there}")
    for kind, name in (("new", "POST /runs"), ("put", "PUT /runs/{id} with flags")):
        found = Measurement(f"{name}, 64 connections", "rundir", loads[kind])
        session.measurements.append(found)
        alone = statistics.median(plain_c)
        session.rows.append(
            Row(found.figure, per_second(found.rate), f"{per_second(alone)} (C, the folders alone)", found.rate / alone,
                target=Target(5000, True, "/s"), judged=found.rate))


def _folders(session: Session, folder: Path) -> float:
    """How many runs' folders and files plain C makes a second."""
    folder.mkdir()
    command = [str(session.tools / "folders"), str(folder), str(session.seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"folders ended with {done.returncode}: {done.stderr}")
    return int(done.stdout) / session.seconds


@benchmark("rows-64", needs_rundir=False)
def rows_64(session: Session) -> None:
    """durable metrics rows at 64 connections, a run each; rate and p99"""
    _rows(session, "rows, 64 connections, a run each", 64)


@benchmark("rows-1", needs_rundir=False)
def rows_1(session: Session) -> None:
    """durable metrics rows at 1 connection"""
    _rows(session, "rows, 1 connection", 1)


@benchmark("rows-one-run")
def rows_one_run(session: Session) -> None:
    """durable metrics rows, 64 connections all on one run, against a run each"""
    figure, connections = "rows, 64 connections on one run", 64
    with ExitStack() as stack:
        one = stack.enter_context(session.rundir(_runs(1)))
        each = stack.enter_context(session.rundir(_runs(connections)))
        contenders = [
            http_contender("rundir, one run", one, connections, runs=1),
            http_contender("rundir, a run each", each, connections, runs=connections),
            *stack.enter_context(_plain_c(session, connections, ceiling=False)),
            *stack.enter_context(_redis(session, connections)),
        ]
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        _check_rows(one, _runs(1), found["rundir, one run"], connections)
        _check_rows(each, _runs(connections), found["rundir, a run each"], connections)

    ours = found["rundir, one run"]
    best = max((found[name] for name in PLAIN_C), key=lambda shape: shape.rate)
    others = [(found["rundir, a run each"], Target(0.9, True)), (best, None)]
    if "Redis" in found:
        others.append((found["Redis"], None))
    for other, target in others:
        against = f"{per_second(other.rate)} ({other.name})"
        session.rows.append(Row(figure, per_second(ours.rate), against, ours.rate / other.rate, target))


@benchmark("rows-token")
def rows_token(session: Session) -> None:
    """durable metrics rows at 64 connections, a run each, with a token against without"""
    figure, connections = "rows with a token against without", 64
    runs = _runs(connections)
    with ExitStack() as stack:
        asked = stack.enter_context(session.rundir(runs))
        other = stack.enter_context(session.rundir(runs))
        token = asked.create_token()
        contenders = [
            http_contender("rundir, with a token", asked, connections, runs=len(runs), token=token),
            http_contender("rundir, without", other, connections, runs=len(runs)),
        ]
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        _check_rows(asked, runs, found["rundir, with a token"], connections)
    ours, without = found["rundir, with a token"], found["rundir, without"]
    against = f"{per_second(without.rate)} ({without.name})"
    session.rows.append(Row(figure, per_second(ours.rate), against, ours.rate / without.rate, Target(0.97, True)))


@benchmark("rows-many-runs")
def rows_many_runs(session: Session) -> None:
    """durable metrics rows at 64 connections on 1,000 runs, against a run each"""
    figure, connections = "rows, 64 connections on 1,000 runs", 64
    runs = _runs(1000)
    with ExitStack() as stack:
        many = stack.enter_context(session.rundir(runs))
        each = stack.enter_context(session.rundir(_runs(connections)))
        contenders = [
            http_contender("rundir, 1,000 runs", many, connections, runs=len(runs)),
            http_contender("rundir, a run each", each, connections, runs=connections),
        ]
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        _check_rows(many, runs, found["rundir, 1,000 runs"], connections)
    ours, other = found["rundir, 1,000 runs"], found["rundir, a run each"]
    session.rows.append(Row(figure, per_second(ours.rate), f"{per_second(other.rate)} ({other.name})", ours.rate / other.rate))
