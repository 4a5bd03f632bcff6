"""The servers that are measured: the C baselines, rundir and Redis, each a process of its own on a free port."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .client import Client, request_bytes
from .failure import Failure

START_SECONDS = 30
STOP_SECONDS = 60


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running server. Paused, it takes no processor and no disk from the one that is measured."""

    encrypted = False

    def __init__(self, command: list[str], port: int, log: Path, environment: dict[str, str] | None = None) -> None:
        self.port = port
        self._command = command
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ | (environment or {})
            )

    def wait_until_up(self) -> None:
        """Waits until the port answers, whatever the protocol."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Failure(f"{' '.join(self._command)} did not come up:\n{self.log_tail()}")

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.terminate()
        self.resume()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def memory(self, field: str = "VmRSS") -> int:
        """Resident memory in bytes, now (`VmRSS`) or at its highest (`VmHWM`); see proc(5)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise Failure(f"no {field} in /proc/{self._process.pid}/status")
        return int(found[1]) * 1024

    def processor_seconds(self) -> float:
        """The processor time that the process and its children have taken so far, in seconds; see proc(5)."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        ticks = 0
        for process in [str(self._process.pid), *children]:
            try:
                fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                # It has ended just now.
                continue
            # utime, stime, and those of children that have ended.
            ticks += sum(int(value) for value in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


class Rundir(Server):
    """`rundir serve` over a runs directory of its own."""

    def __init__(
        self, binary: Path, folder: Path, environment: dict[str, str] | None = None, *, encrypted: bool = False,
        arguments: Sequence[str] = ()
    ) -> None:
        self.binary = binary
        self.runs = folder / "runs"
        self.runs.mkdir(exist_ok=True)
        port = free_port()
        command = [str(binary), "serve", "--runs", str(self.runs), "--port", str(port), *arguments]
        if encrypted:
            command.append("--tls-self-signed")
        super().__init__(command, port, folder / "log", environment)
        self.encrypted = encrypted

    def wait_until_up(self) -> None:
        super().wait_until_up()
        with self.client() as client:
            client.expect(200, request_bytes("GET", "/health"))

    def client(self) -> Client:
        return Client(self.port, encrypted=self.encrypted)

    def initialise(self, runs: list[str]) -> None:
        """Makes runs, so that metadata sent to them is written rather than kept as pending."""
        with self.client() as client:
            for run in runs:
                client.expect(201, request_bytes("PUT", f"/runs/{run}"))

    def create_token(self) -> str:
        """Makes a token, and waits until the server asks for it."""
        command = [str(self.binary), "token", "create", "bench", "--runs", str(self.runs)]
        token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        for _ in range(100):
            with Client(self.port) as client:
                if client.send(request_bytes("GET", "/types")).status == 401:
                    return token
            time.sleep(0.05)
        raise Failure("the server does not ask for the token that was made")

    def data(self, run: str) -> Path:
        return self.runs / run / "tfruns.d"

    def rows(self, run: str) -> int:
        """How many rows a run's metrics.ndjson has, one a line."""
        path = self.data(run) / "metrics.ndjson"
        if not path.exists():
            return 0
        with path.open("rb") as file:
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Waits until a server is up, and stops it at the end whatever happened."""
    try:
        server.wait_until_up()
        yield server
    finally:
        server.stop()
