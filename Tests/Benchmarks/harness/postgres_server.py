"""PostgreSQL of Debian in a folder of its own, rundir with a store in it, and a network that is slow between them."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .failure import Failure
from .servers import START_SECONDS, Rundir, Server, free_port, running
from .session import Session

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
# What an operator sets first. All else is as PostgreSQL has it: fsync and synchronous_commit on, vacuum by itself.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "300"}


def _as_user() -> list[str]:
    """The words that run a program as another user where root measures: initdb and postgres refuse root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_user()}", f"--regid={pwd.getpwnam(_user()).pw_gid}", "--clear-groups"]


def _user() -> str:
    return "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"


class Postgres(Server):
    """A database cluster that syncs, and its server. It listens on a socket file and on a port of this machine."""

    def __init__(self, folder: Path) -> None:
        if not (PROGRAMS / "pgbench").exists():
            raise Failure("PostgreSQL 15 is not installed: apt-get install postgresql-15")
        # A socket's path is short, and the folder's may be long.
        self.socket = Path(tempfile.mkdtemp(prefix="rundir-"))
        data = folder / "postgres"
        data.mkdir()
        if os.geteuid() == 0:
            for each in (self.socket, data):
                os.chown(each, pwd.getpwnam(_user()).pw_uid, -1)
            # The folders above are root's.
            folder.parent.chmod(0o711)
        command = [*_as_user(), str(PROGRAMS / "initdb"), "-D", str(data), "-U", "rundir", "-A", "trust"]
        done = subprocess.run(
            [*command, "-E", "UTF8", "--locale=C"], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            shutil.rmtree(self.socket, ignore_errors=True)
            raise Failure(f"initdb ended with {done.returncode}:\n{done.stdout}")
        port = free_port()
        settings = SETTINGS | {
            "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(self.socket)}
        command = [*_as_user(), str(PROGRAMS / "postgres"), "-D", str(data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        super().__init__(command, port, folder / "postgres.log")

    def wait_until_up(self) -> None:
        super().wait_until_up()
        # It listens before it is ready.
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run([*self.client("psql", "postgres"), "-qc", ""], capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                raise Failure(f"PostgreSQL did not come up:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process.poll() is None:
            # Without waiting for its clients.
            self._process.send_signal(signal.SIGINT)
        super().stop()
        shutil.rmtree(self.socket, ignore_errors=True)

    def client(self, program: str, database: str) -> list[str]:
        """The words that call one of PostgreSQL's programs for a database."""
        return [str(PROGRAMS / program), "-h", str(self.socket), "-p", str(self.port), "-U", "rundir", "-d", database]

    def sql(self, text: str, database: str) -> list[list[str]]:
        """Runs SQL, and returns the rows as texts."""
        command = [*self.client("psql", database), "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-c", text]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"psql: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, text: str, database: str) -> float:
        return float(self.sql(text, database)[0][0])

    def make_database(self, name: str) -> str:
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0", "postgres")
        return name

    def address(self, database: str, port: int | None = None) -> str:
        """For `--store`: by the socket file, or by a port of this machine."""
        if port is not None:
            return f"postgres://rundir@127.0.0.1:{port}/{database}"
        return f"postgres://rundir@/{database}?host={self.socket}&port={self.port}"


class PostgresRundir(Rundir):
    """`rundir serve` with a store in a database."""

    def __init__(
        self, session: Session, folder: Path, postgres: Postgres, database: str, *, port: int | None = None,
        arguments: Sequence[str] = (), environment: dict[str, str] | None = None
    ) -> None:
        assert session.binary is not None
        self.postgres, self.database = postgres, database
        super().__init__(
            session.binary, folder, environment, arguments=["--store", postgres.address(database, port), *arguments])

    def rows(self, run: str) -> int:
        return self._rows(f"run = '{run}'")

    def all_rows(self) -> int:
        return self._rows("true")

    def _rows(self, condition: str) -> int:
        """How many rows the database has, one a line: read by SQL, not asked of the server that is measured."""
        return int(self.postgres.number(
            f"""
            SELECT coalesce(sum(length(text) - length(replace(text, E'\\n', ''))), 0)
            FROM rundir.files JOIN rundir.pieces USING (run, content), encode(bytes, 'escape') text
            WHERE path = 'tfruns.d/metrics.ndjson' AND {condition}
            """, self.database))


@contextmanager
def postgres_server(session: Session) -> Iterator[Postgres]:
    with session.new_folder() as folder, running(Postgres(folder)) as server:
        yield server


@contextmanager
def postgres_rundir(session: Session, runs: list[str]) -> Iterator[PostgresRundir]:
    """PostgreSQL, and a rundir on a database of its own in it, with these runs initialised."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(session))
        folder = stack.enter_context(session.new_folder())
        server = PostgresRundir(session, folder, postgres, postgres.make_database("runs"))
        stack.enter_context(running(server))
        server.initialise(runs)
        yield server


@contextmanager
def slow_network(session: Session, target: int, seconds: float) -> Iterator[int]:
    """A port that leads to another one, with so much added to each round trip."""
    port = free_port()
    with session.new_folder() as folder:
        command = [str(session.tools / "delay"), str(port), str(target), str(round(seconds / 2 * 1e6))]
        with running(Server(command, port, folder / "log")):
            yield port
