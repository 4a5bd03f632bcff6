"""Source upload against copying the same file."""

import io
import os
import statistics
import subprocess
import tarfile
import time
from pathlib import Path

from .failure import Failure
from .registry import benchmark
from .session import Session
from .table import Row, Target

ENTRIES = 20
ENTRY_BYTES = 5_000_000


def _make_archive(path: Path) -> list[str]:
    """A tar.gz of 100 MB that does not compress, every entry below source/. Returns the names."""
    names = [f"source/data-{number:02}.bin" for number in range(ENTRIES)]
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = ENTRY_BYTES
            archive.addfile(entry, io.BytesIO(os.urandom(ENTRY_BYTES)))
    return names


def _copy(source: Path, target: Path) -> float:
    """Seconds of `cp` and `fsync`."""
    start = time.perf_counter()
    subprocess.run(["cp", "--reflink=never", str(source), str(target)], check=True)
    file = os.open(target, os.O_RDONLY)
    os.fsync(file)
    os.close(file)
    return time.perf_counter() - start


def _upload(source: Path, url: str) -> float:
    """Seconds of curl, from its start to the whole reply."""
    command = ["curl", "-sS", "-X", "POST", "-T", str(source), "-o", "-", "-w", "\n%{http_code}"]
    # Without an empty Expect, curl may wait for leave to send: a second, if the server does not give it.
    command += ["-H", "Content-Type: application/gzip", "-H", "Expect:", url]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0 or not done.stdout.endswith("\n201"):
        raise Failure(f"POST {url}: curl ended with {done.returncode}: {done.stdout[-500:]}")
    return seconds


@benchmark("upload")
def upload(session: Session) -> None:
    """source upload of a 100 MB tar.gz against cp + fsync of the same file"""
    runs = [f"upload-{turn}" for turn in range(session.rounds)]
    uploads, copies = [], []
    with session.new_folder() as folder, session.rundir(runs) as server:
        archive = folder / "source.tar.gz"
        names = _make_archive(archive)
        # What making the archive left to write would be written during the first pair.
        os.sync()
        for run in runs:
            copies.append(_copy(archive, folder / "copy"))
            (folder / "copy").unlink()
            uploads.append(_upload(archive, f"http://127.0.0.1:{server.port}/runs/{run}/metadata/source"))
            with tarfile.open(server.data(run) / "source.tar.gz") as stored:
                if sorted(entry.name for entry in stored if entry.isfile()) != names:
                    raise Failure(f"source.tar.gz of {run} does not have the entries that were sent")
            (server.data(run) / "source.tar.gz").unlink()
        size = archive.stat().st_size

    def speed(seconds: list[float]) -> float:
        return size / statistics.median(seconds)

    ours, other = (f"{speed(times) / 1e6:,.0f} MB/s" for times in (uploads, copies))
    ratio = speed(uploads) / speed(copies)
    session.rows.append(Row("source upload, 100 MB", ours, f"{other} (cp + fsync)", ratio, Target(0.7, True)))
