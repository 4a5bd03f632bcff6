"""Rundir and MLflow's own server on SQLite, both used by MLflow's client for Python, and at the wire.

MLflow is several hundred megabytes from PyPI, so that this is measured only where it is asked for. It goes into
`.build/mlflow`, and stays there.
"""

import json
import sqlite3
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from .building import HERE, REPOSITORY
from .client import Client, request_bytes
from .failure import Failure
from .load import Wrk
from .registry import benchmark
from .run_folders import make_runs, remove_runs
from .servers import Rundir, Server, free_port, running
from .session import Session
from .table import Row, Target, milliseconds, per_second

ENVIRONMENT = REPOSITORY / ".build" / "mlflow"
VERSION = "3.17"
CONNECTIONS = 64
FEW, MANY = 2_000, 100_000
MAKING_SECONDS = 240


@benchmark("mlflow", needs_rundir=True, is_asked_for=True)
def mlflow(session: Session) -> None:
    """MLflow's client and wrk against Rundir and MLflow's server on SQLite (installs mlflow from PyPI)"""
    assert session.binary is not None
    _install()
    with session.new_folder() as folder, _mlflow_server(folder) as other, session.rundir([]) as rundir:
        _by_client(session, rundir, other)
        _at_the_wire(session, rundir, other)
        _searches(session, "2,000 runs", _client(rundir, "make", FEW)["experiment"], _client(other, "make", FEW)["experiment"], rundir, other)
    _many_runs(session)


def _install() -> None:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", f"mlflow~={VERSION}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"mlflow cannot be installed:\n{done.stdout[-2000:]}")


class MLflowServer(Server):
    """`mlflow server` with a SQLite database and its default workers."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "mlflow.db"
        port = free_port()
        command = [
            str(ENVIRONMENT / "bin" / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port),
            "--backend-store-uri", f"sqlite:///{self.database}", "--artifacts-destination", str(folder / "artifacts")]
        super().__init__(command, port, folder / "mlflow.log")


@contextmanager
def _mlflow_server(folder: Path):
    server = MLflowServer(folder)
    with running(server):
        with Client(server.port) as client:
            client.expect(200, request_bytes("GET", "/health"))
        yield server


def _client(server: Server, task: str, *arguments: object) -> dict:
    """What a process with MLflow's client measured against a server."""
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", HERE / "mlflow_client.py", f"http://127.0.0.1:{server.port}", task, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(f"MLflow's client failed at {task}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _in_turn(session: Session, rundir: Server, other: Server, measure) -> tuple[float, float]:
    """The medians of both, of as many rounds as the session has; the one that is not on turn is stopped."""
    found: dict[Server, list[float]] = {rundir: [], other: []}
    for number in range(session.rounds):
        for server in (rundir, other) if number % 2 == 0 else (other, rundir):
            waiting = other if server is rundir else rundir
            waiting.pause()
            try:
                found[server].append(measure(server))
            finally:
                waiting.resume()
    return statistics.median(found[rundir]), statistics.median(found[other])


def _by_client(session: Session, rundir: Server, other: Server) -> None:
    one, two = _in_turn(session, rundir, other, lambda server: _client(server, "log_metric", 500)["rate"])
    session.rows.append(
        Row("log_metric by MLflow's client", per_second(one), per_second(two), one / two, Target(3, at_least=True)))
    one, two = _in_turn(session, rundir, other, lambda server: _client(server, "log_batch", 20)["seconds"])
    session.rows.append(Row("log_batch of 1,000 metrics", milliseconds(one), milliseconds(two), two / one))


def _at_the_wire(session: Session, rundir: Server, other: Server) -> None:
    """log-metric by wrk at 64 connections, each to a run of its own."""

    def rate(server: Server) -> float:
        runs = []
        with Client(server.port) as client:
            for _ in range(CONNECTIONS):
                body = json.dumps({"experiment_id": "0"}).encode()
                reply = client.expect(200, request_bytes("POST", "/api/2.0/mlflow/runs/create", body))
                runs.append(json.loads(reply.body)["run"]["info"]["run_id"])
        return Wrk(server.port, CONNECTIONS, session.seconds, "mlflow", len(runs), 0, runs).wait().rate

    one, two = _in_turn(session, rundir, other, rate)
    session.rows.append(Row("log-metric at the wire", per_second(one), per_second(two), one / two, Target(300, at_least=True)))


def _searches(session: Session, what: str, mine: str, others: str, rundir: Server, other: Server) -> None:
    def seconds(server: Server) -> float:
        return _client(server, "search", mine if server is rundir else others, 10)["seconds"]

    one, two = _in_turn(session, rundir, other, seconds)
    session.rows.append(
        Row(f"search_runs, {what}: a filter, an order, 50 results", milliseconds(one), milliseconds(two), two / one,
            Target(20, at_least=True)))


def _many_runs(session: Session) -> None:
    """The same with 100,000 runs: directories here, copies of 1,000 runs in the database there."""
    assert session.binary is not None
    with session.new_folder() as folder:
        runs = folder / "runs"
        runs.mkdir()
        try:
            made = make_runs(runs, MANY, MAKING_SECONDS, lambda done: print(f"{done:,} runs made", file=sys.stderr))
            if made < MANY:
                raise Failure(f"only {made:,} runs of {MANY:,} were made in {MAKING_SECONDS} s")
            with _mlflow_server(folder) as other:
                experiment = _client(other, "make", 1000)["experiment"]
            _multiply(folder / "mlflow.db", MANY // 1000)
            with _mlflow_server(folder) as other, running(Rundir(session.binary, folder)) as rundir:
                _searches(session, "100,000 runs", "0", experiment, rundir, other)
        finally:
            remove_runs(runs)


def _multiply(database: Path, times: int) -> None:
    """Copies each run of a database of MLflow's server, with all that belongs to it."""
    with sqlite3.connect(database) as connection:
        for table in ("runs", "params", "tags", "metrics", "latest_metrics"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            names = ", ".join(columns)
            for number in range(1, times):
                values = ", ".join(f"run_uuid || '-{number}'" if name == "run_uuid" else name for name in columns)
                connection.execute(
                    f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE instr(run_uuid, '-') = 0")
