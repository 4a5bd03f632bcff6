"""Load: wrk for HTTP, redis-benchmark for Redis, pgbench for PostgreSQL. All report what they did in the same terms."""

import csv
import io
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .building import HERE
from .failure import Failure


@dataclass(frozen=True)
class Load:
    """What a load came to: requests that were answered, how many a second, and latencies in seconds."""

    requests: int
    rate: float
    p50: float
    p99: float


def parse_result(program: str, status: int, output: str) -> Load:
    """Reads the line `wrk-result` that post.lua and pacer.c print."""
    found = re.search(r"^wrk-result (.*)$", output, re.MULTILINE)
    if status != 0 or found is None:
        raise Failure(f"{program} ended with {status}:\n{output}")
    values = {name: int(value) for name, value in (pair.split("=") for pair in found[1].split())}
    errors = {name: values[name] for name in ("not_2xx", "connect", "read", "write", "timeout") if values[name]}
    if errors or values["requests"] == 0:
        raise Failure(f"of {values['requests']} replies to {program}: {errors or 'none came'}")
    rate = values["requests"] / values["duration"] * 1e6
    return Load(values["requests"], rate, values["p50"] / 1e6, values["p99"] / 1e6)


class Wrk:
    """wrk with post.lua, started at once: one thread, `connections` connections, for `seconds` seconds.

    The arguments after that are those of post.lua.
    """

    def __init__(
        self, port: int, connections: int, seconds: int, kind: str, runs: int | str, first: int, names: Sequence[str] = (), *,
        token: str | None = None, encrypted: bool = False
    ) -> None:
        scheme = "https" if encrypted else "http"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
        command += ["-s", str(HERE / "post.lua"), f"{scheme}://127.0.0.1:{port}", "--", kind, str(runs), str(first)]
        command += [token] if token else names
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait(self) -> Load:
        """Waits for the end. Any reply that is not 2xx, and any error of a connection, is a failure."""
        output, _ = self._process.communicate()
        return parse_result("wrk", self._process.returncode, output)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def redis_benchmark(port: int, connections: int, requests: int) -> Load:
    """`SET` of 80 bytes, one at a time on each connection."""
    command = ["redis-benchmark", "-p", str(port), "-t", "set", "-d", "80", "-P", "1", "--csv"]
    command += ["-c", str(connections), "-n", str(requests)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"redis-benchmark ended with {done.returncode}:\n{done.stdout}")
    start = done.stdout.find('"test"')
    row = next(csv.DictReader(io.StringIO(done.stdout[start:])))
    p50, p99 = (float(row[name]) / 1e3 for name in ("p50_latency_ms", "p99_latency_ms"))
    return Load(requests, float(row["rps"]), p50, p99)


def pgbench(command: list[str], script: Path, connections: int, seconds: int) -> Load:
    """A script's transaction, prepared, one after the other on each connection. Latencies are those of one in ten."""
    log = script.parent / "transactions"
    words = ["-n", "-M", "prepared", "-f", str(script), "-c", str(connections), "-j", str(min(connections, 2))]
    words += ["-T", str(seconds), "-l", "--sampling-rate=0.1", f"--log-prefix={log}"]
    done = subprocess.run([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    count = re.search(r"^number of transactions actually processed: (\d+)", done.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: 0 ", done.stdout, re.MULTILINE)
    rate = re.search(r"^tps = ([\d.]+) ", done.stdout, re.MULTILINE)
    if done.returncode != 0 or count is None or rate is None or failed is None:
        raise Failure(f"pgbench ended with {done.returncode}:\n{done.stdout}")
    times = []
    for path in script.parent.glob(f"{log.name}.*"):
        times += [int(line.split()[2]) for line in path.read_text().splitlines()]
        path.unlink()
    parts = statistics.quantiles(times, n=100)
    return Load(int(count[1]), float(rate[1]), parts[49] / 1e6, parts[98] / 1e6)
