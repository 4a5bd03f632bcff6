"""Runs in PostgreSQL: durable rows against its own single-row inserts, and long runs."""

import json
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from .client import Client, request_bytes
from .contenders import Contender, Untouched, http_contender, take_turns
from .failure import Failure
from .load import Load, pgbench
from .long_run import MILLION, send_rows, time_rows
from .postgres_server import Postgres, PostgresRundir, postgres_rundir, postgres_server
from .registry import benchmark
from .servers import running
from .session import Session
from .table import Row, Target, milliseconds, per_second

# The row that post.lua sends, in a column of text: what rundir has as a piece of a run's metrics.
TABLE = "CREATE TABLE inserted (run integer NOT NULL, epoch integer NOT NULL, row text NOT NULL)"
INSERT = r"""\set epoch random(1, 1000000)
INSERT INTO inserted (run, epoch, row)
VALUES (:client_id, :epoch, '{"epoch": 12, "loss": 0.4231, "acc": 0.8731, "val_loss": 0.174, "v": 0.95}');
"""


def _pgbench_contender(postgres: Postgres, folder: Path, connections: int) -> Contender:
    database = postgres.make_database("pgbench")
    postgres.sql(TABLE, database)
    script = folder / "insert.sql"
    script.write_text(INSERT)

    def run(seconds: int) -> Load:
        return pgbench(postgres.client("pgbench", database), script, connections, seconds)

    return Contender("pgbench", Untouched(), run)


def _rows(session: Session, connections: int, target: Target) -> None:
    """Rows at a number of connections, a run each, in turn with pgbench on the same PostgreSQL."""
    figure = f"rows in PostgreSQL, {connections} connection{'s, a run each' if connections > 1 else ''}"
    runs = [f"bench-{number}" for number in range(1, connections + 1)]
    with postgres_rundir(session, runs) as server, session.new_folder() as folder:
        contenders = [
            http_contender("rundir", server, connections, runs=connections),
            _pgbench_contender(server.postgres, folder, connections),
        ]
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        check_rows(server, found["rundir"].requests, connections * len(found["rundir"].loads))
        inserted = server.postgres.number("SELECT count(*) FROM inserted", "pgbench")
        if inserted < found["pgbench"].requests:
            raise Failure(f"pgbench inserted {found['pgbench'].requests} rows, and {inserted} are there")
    ours, other = found["rundir"], found["pgbench"]
    against = f"{per_second(other.rate)} (pgbench)"
    session.rows.append(
        Row(figure, per_second(ours.rate), against, ours.rate / other.rate, target, spread=ours.spread(other)))


def check_rows(server: PostgresRundir, acknowledged: int, cut_off: int) -> None:
    """Each reply stands for a row in the database. Requests that were under way when a load ended may be there too."""
    there = server.all_rows()
    if not acknowledged <= there <= acknowledged + cut_off:
        raise Failure(f"{acknowledged} rows were acknowledged, and {there} are in the database")


@benchmark("postgres-rows-64", is_asked_for=True)
def rows_64(session: Session) -> None:
    """durable metrics rows in PostgreSQL at 64 connections, a run each, against pgbench's single-row inserts"""
    _rows(session, 64, Target(2.5, True))


@benchmark("postgres-rows-1", is_asked_for=True)
def rows_1(session: Session) -> None:
    """durable metrics rows in PostgreSQL at 1 connection, against pgbench's single-row inserts"""
    _rows(session, 1, Target(0.7, True))


@benchmark("postgres-millionth", is_asked_for=True)
def millionth(session: Session) -> None:
    """in PostgreSQL: time of a single row on a run of 1,000,000 rows (--rows) against one of 1,000"""
    with postgres_rundir(session, ["short", "long"]) as server:
        time_rows(session, server, session.long_run)


@benchmark("postgres-points", is_asked_for=True)
def points(session: Session) -> None:
    """in PostgreSQL: GET …/metrics?points=1000 on a run of 1,000,000 rows x 4 (--rows): first after a start, and again"""
    path = "/runs/long/metrics?points=1000"
    rows = session.long_run
    times: dict[str, list[float]] = {"cold": [], "again": [], "after one more row": []}

    def timed(client: Client, kind: str) -> None:
        start = time.perf_counter()
        body = client.expect(200, request_bytes("GET", path)).body
        times[kind].append(time.perf_counter() - start)
        found = len(json.loads(body)["loss"])
        if not min(rows, 100) <= found <= 3000:
            raise Failure(f"{path} has {found} rows")

    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(session))
        folder = stack.enter_context(session.new_folder())
        database = postgres.make_database("runs")
        with running(PostgresRundir(session, folder, postgres, database)) as server, Client(server.port) as client:
            server.initialise(["long"])
            send_rows(client, "long", rows)
        epoch = rows
        for _ in range(min(session.rounds, 5)):
            # A server that has read nothing before.
            with running(PostgresRundir(session, folder, postgres, database)) as server, Client(server.port) as client:
                timed(client, "cold")
                for _ in range(10):
                    timed(client, "again")
                    epoch += 1
                    row = b'{"epoch": %d, "loss": 0.4231, "acc": 0.8731, "val_loss": 0.174, "v": 0.95}' % epoch
                    client.expect(201, request_bytes("POST", "/runs/long/metadata/metrics", row))
                    timed(client, "after one more row")
    for kind, limit in (("cold", 1500), ("again", 20), ("after one more row", None)):
        taken = statistics.median(times[kind])
        target = Target(limit, False, " ms") if limit and rows == MILLION else None
        figure = f"1,000 points of {rows:,} rows x 4 in PostgreSQL, {kind}"
        text = f"{milliseconds(taken)} ({milliseconds(min(times[kind]))} – {milliseconds(max(times[kind]))})"
        session.rows.append(Row(figure, text, target=target, judged=taken * 1e3))
