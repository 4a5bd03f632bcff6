"""Listings of many runs in PostgreSQL."""

import statistics
import sys
import time

from .client import Client, request_bytes
from .failure import Failure
from .filling import fill_runs
from .listing import QUERY, TEXT_QUERIES, list_runs
from .postgres_server import PostgresRundir, postgres_rundir
from .registry import benchmark
from .run_folders import run_name
from .session import Session
from .table import Row, Target, milliseconds, per_second

TIMED = 50
# Runs between two listings while the database is filled: a listing brings its tables up to date with what was written since.
PART = 5_000
# Milliseconds that a listing may take, by how many runs there are.
LIMITS = {100_000: 30, 1_000_000: 150}


def fill(server: PostgresRundir, count: int) -> tuple[float, float]:
    """Makes so many runs. Returns the seconds that this took, and those of the listings meanwhile."""
    writing = listing = 0.0
    with Client(server.port) as client:
        for first in range(0, count, PART):
            begun = time.monotonic()
            fill_runs(server.port, range(first, min(first + PART, count)))
            written = time.monotonic()
            list_runs(client, "limit=1")
            writing += written - begun
            listing += time.monotonic() - written
            print(f"  {min(first + PART, count):,} of {count:,} runs made", file=sys.stderr, flush=True)
    return writing, listing


@benchmark("postgres-listing", is_asked_for=True)
def listing(session: Session) -> None:
    """in PostgreSQL: 100,000 runs (--runs) listed with where, order and limit=50"""
    count = session.many_runs
    with postgres_rundir(session, []) as server:
        writing, bringing = fill(server, count)
        # As its own process does by itself, sooner or later.
        server.postgres.sql("VACUUM ANALYZE", server.database)
        session.rows.append(Row("runs made in PostgreSQL, 3 requests each, 64 connections", per_second(count / writing)))
        session.rows.append(Row("runs that a listing brings up to date in PostgreSQL", per_second(count / bringing)))
        # Only now: the server closes connections that nothing comes from.
        with Client(server.port) as client:
            target = Target(LIMITS[count], False, " ms") if count in LIMITS else None
            queries = {"with where and order": QUERY} | {f"{name}, the condition true of all": TEXT_QUERIES[name] for name in TEXT_QUERIES}
            for name, query in queries.items():
                page = list_runs(client, query)
                if len(page) != 50:
                    raise Failure(f"GET /runs?{query} has {len(page)} runs")
                times = []
                for _ in range(TIMED):
                    begun = time.perf_counter()
                    list_runs(client, query)
                    times.append(time.perf_counter() - begun)
                _add(session, f"GET /runs {name}, {count:,} runs in PostgreSQL", times, target)
            times = []
            row = request_bytes("POST", f"/runs/{run_name(1)}/metadata/metrics", b'{"loss": 0.5}')
            for _ in range(TIMED):
                client.expect(201, row)
                begun = time.perf_counter()
                list_runs(client, QUERY)
                times.append(time.perf_counter() - begun)
            _add(session, "the same with where and order, a row written before each", times, None)


def _add(session: Session, figure: str, times: list[float], target: Target | None) -> None:
    taken = statistics.median(times)
    text = f"{milliseconds(taken)} ({milliseconds(min(times))} – {milliseconds(max(times))})"
    session.rows.append(Row(figure, text, target=target, judged=taken * 1e3))
