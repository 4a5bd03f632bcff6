"""What runs and rows take in PostgreSQL: bytes of tables and indexes, WAL, dead tuples. docker/SCALING.md calculates with it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from .client import Client
from .load import Wrk
from .long_run import send_rows
from .postgres_listing import fill
from .postgres_server import Postgres, PostgresRundir, postgres_server
from .registry import benchmark
from .servers import running
from .session import Session
from .table import Row

CONNECTIONS = 64
# Tables with fewer bytes a run, or a row, are left out.
LEAST_BYTES = 1.0


@dataclass(frozen=True)
class Table:
    """A table's bytes, and its tuples: there, dead, and how many updates were made, of which so many in place (HOT)."""

    name: str
    heap: int
    indexes: int
    live: int
    dead: int
    updates: int
    hot: int


def _tables(postgres: Postgres, database: str) -> list[Table]:
    """The largest first; parts of a table count as one. What is not of the table's pages or indexes (TOAST, maps) is its heap's."""
    rows = postgres.sql(
        r"""
        SELECT regexp_replace(relname, '_\d+$', ''), sum(pg_table_size(relid)), sum(pg_indexes_size(relid)), sum(n_live_tup),
            sum(n_dead_tup), sum(n_tup_upd), sum(n_tup_hot_upd)
        FROM pg_stat_user_tables WHERE schemaname = 'rundir' GROUP BY 1 ORDER BY sum(pg_total_relation_size(relid)) DESC
        """, database)
    return [Table(name, *map(int, numbers)) for name, *numbers in rows]


@dataclass(frozen=True)
class Written:
    """What was written: how much of it, the bytes of WAL, the transactions, and processor seconds of rundir and of PostgreSQL."""

    count: int
    wal: float
    batches: float
    rundir: float
    postgres: float


def _write(postgres: Postgres, session: Session, name: str, write: Callable[[PostgresRundir], int]) -> Written:
    """Lets a server on a new database be written to."""
    position = "SELECT pg_current_wal_insert_lsn() - '0/0'"
    with ExitStack() as stack:
        folder = stack.enter_context(session.new_folder())
        server = PostgresRundir(session, folder, postgres, postgres.make_database(name))
        stack.enter_context(running(server))
        # Pages that are changed after it are in the WAL as a whole, once, as on any other day.
        postgres.sql("CHECKPOINT", name)
        wal, ours, theirs = postgres.number(position, name), server.processor_seconds(), postgres.processor_seconds()
        count = write(server)
        # The server then ends, so that PostgreSQL has all that its processes counted.
        return Written(
            count, postgres.number(position, name) - wal, postgres.number("SELECT count(*) FROM rundir.batches", name),
            server.processor_seconds() - ours, postgres.processor_seconds() - theirs)


def _add(session: Session, postgres: Postgres, database: str, figure: str, unit: str, written: Written) -> None:
    tables, count = _tables(postgres, database), written.count
    heap, indexes = sum(table.heap for table in tables), sum(table.indexes for table in tables)
    session.rows.append(
        Row(figure, f"{(heap + indexes) / count:,.0f} B {unit}",
            f"tables {heap / count:,.0f}, indexes {indexes / count:,.0f}; WAL {written.wal / count:,.0f};"
            f" {count / written.batches:,.1f} a transaction; processor {written.rundir / count * 1e6:,.1f} µs,"
            f" of PostgreSQL {written.postgres / count * 1e6:,.1f} µs"))
    for table in tables:
        if (table.heap + table.indexes) / count < LEAST_BYTES:
            continue
        hot = f", {table.hot / table.updates:.0%} of {table.updates / count:.2f} updates in place" if table.updates else ""
        session.rows.append(
            Row(f"- {table.name}", f"{(table.heap + table.indexes) / count:,.0f} B",
                f"table {table.heap / count:,.0f}, indexes {table.indexes / count:,.0f}; {table.live / count:,.2f} tuples,"
                f" {table.dead / count:,.2f} dead{hot}"))


@benchmark("postgres-sizes", is_asked_for=True)
def sizes(session: Session) -> None:
    """bytes that runs (--runs) and rows take in PostgreSQL, in tables, indexes and WAL, and dead tuples"""

    def runs(server: PostgresRundir) -> int:
        fill(server, session.many_runs)
        return session.many_runs

    def lone_rows(server: PostgresRundir) -> int:
        server.initialise([f"bench-{number}" for number in range(1, CONNECTIONS + 1)])
        return Wrk(server.port, CONNECTIONS, session.seconds * session.rounds, "metrics", CONNECTIONS, 1).wait().requests

    def rows_together(each: int) -> Callable[[PostgresRundir], int]:
        def write(server: PostgresRundir) -> int:
            server.initialise(["long"])
            with Client(server.port) as client:
                send_rows(client, "long", session.long_run, each)
            return session.long_run

        return write

    ways: list[tuple[str, str, str, Callable[[PostgresRundir], int]]] = [
        ("many_runs", f"{session.many_runs:,} runs of 5 rows, listed", "a run", runs),
        ("lone_rows", "rows, one a request, 64 connections, a run each", "a row", lone_rows),
        ("hundreds", "rows, 100 a request, one run", "a row", rows_together(100)),
        ("thousands", "rows, 10,000 a request, one run", "a row", rows_together(10_000)),
    ]
    with postgres_server(session) as postgres:
        for database, figure, unit, write in ways:
            _add(session, postgres, database, figure, unit, _write(postgres, session, database, write))
