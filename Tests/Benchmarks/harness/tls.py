"""What TLS costs: metrics rows over encrypted connections against plain ones."""

from contextlib import ExitStack

from .contenders import http_contender, take_turns
from .failure import Failure
from .registry import benchmark
from .session import Session
from .table import Row, Target, per_second


@benchmark("tls")
def tls(session: Session) -> None:
    """durable metrics rows over TLS at 64 connections kept alive, a run each, against plain HTTP"""
    figure, connections = "rows over TLS, 64 connections, a run each", 64
    runs = [f"bench-{number}" for number in range(1, connections + 1)]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(session.rundir(runs, encrypted=encrypted))
            for name, encrypted in (("TLS", True), ("plain", False))
        }
        contenders = [
            http_contender(name, server, connections, runs=len(runs)) for name, server in servers.items()
        ]
        found = take_turns(figure, contenders, session.rounds, session.seconds)
        session.measurements += found.values()
        for name, server in servers.items():
            lines, acknowledged = sum(server.rows(run) for run in runs), found[name].requests
            if lines < acknowledged:
                raise Failure(f"{name}: {acknowledged} rows were acknowledged, {lines} lines are in metrics.ndjson")
    ours, plain = found["TLS"], found["plain"]
    against = f"{per_second(plain.rate)} (plain)"
    session.rows.append(Row(figure, per_second(ours.rate), against, ours.rate / plain.rate, Target(0.7, True)))
