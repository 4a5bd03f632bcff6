"""Several rundir servers on one database that is five milliseconds away."""

import statistics
from contextlib import ExitStack

from .contenders import Measurement
from .failure import Failure
from .load import Load, Wrk
from .postgres_server import PostgresRundir, postgres_server, slow_network
from .registry import benchmark
from .servers import running
from .session import Session
from .table import Row, Target, per_second

ADDED = 0.005
# Few, so that four servers wait for the database, and not for the processors that they share.
CONNECTIONS = 16
COUNTS = (1, 2, 4)


@benchmark("postgres-servers", is_asked_for=True)
def servers(session: Session) -> None:
    """rows in a PostgreSQL with 5 ms added to each round trip: 1, 2 and 4 servers, 16 connections each, a run each"""
    figure = "rows, 5 ms added to each round trip to PostgreSQL"
    found = {count: Measurement(figure, f"{count} server{'s' if count > 1 else ''}") for count in COUNTS}
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(session))
        port = stack.enter_context(slow_network(session, postgres.port, ADDED))
        database = postgres.make_database("runs")
        group = []
        for number in range(max(COUNTS)):
            folder = stack.enter_context(session.new_folder())
            server = PostgresRundir(session, folder, postgres, database, port=port)
            group.append(stack.enter_context(running(server)))
            server.initialise([f"bench-{run}" for run in _runs(number)])
        first = 10
        for turn in range(session.rounds):
            shift = turn % len(COUNTS)
            for count in (*COUNTS[shift:], *COUNTS[:shift]):
                load = _load(group[:count], session.seconds, first)
                found[count].loads.append(load)
                # More than any run of this load can have got.
                first += load.requests
        acknowledged = sum(measured.requests for measured in found.values())
        cut_off = sum(CONNECTIONS * count * session.rounds for count in COUNTS)
        if not acknowledged <= (there := group[0].all_rows()) <= acknowledged + cut_off:
            raise Failure(f"{acknowledged} rows were acknowledged, and {there} are in the database")
    session.measurements += found.values()
    one = found[1]
    session.rows.append(Row(f"{figure}, 1 server", per_second(one.rate)))
    for count in COUNTS[1:]:
        several = found[count]
        least, most = several.spread(one)
        session.rows.append(
            Row(f"{figure}, {count} servers", per_second(several.rate), f"{per_second(one.rate * count)} ({count} times one)",
                several.rate / one.rate / count, Target(0.9, True), spread=(least / count, most / count)))


def _runs(number: int) -> range:
    """The runs of a server: no two write to the same."""
    return range(number * CONNECTIONS + 1, (number + 1) * CONNECTIONS + 1)


def _load(group: list[PostgresRundir], seconds: int, first: int) -> Load:
    """Puts load on all of them at once."""
    with ExitStack() as stack:
        loads = []
        for number, server in enumerate(group):
            runs = _runs(number)
            wrk = Wrk(server.port, CONNECTIONS, seconds, "metrics", f"{runs[0]}-{runs[-1]}", first)
            stack.callback(wrk.stop)
            loads.append(wrk)
        done = [wrk.wait() for wrk in loads]
    return Load(
        sum(load.requests for load in done), sum(load.rate for load in done),
        statistics.median(load.p50 for load in done), max(load.p99 for load in done))
