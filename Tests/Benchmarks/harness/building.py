"""Builds the baselines with the C compiler, and rundir with Swift."""

import os
import subprocess
from pathlib import Path

from .failure import Failure

HERE = Path(__file__).resolve().parents[1]
REPOSITORY = HERE.parents[1]
BASELINES = ("loop", "committer", "ceiling", "folders")


def _run(command: list[str], folder: Path | None = None) -> str:
    """Runs a build step and returns what it printed."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def build_baselines(into: Path) -> None:
    """Compiles `baselines/*.c`, `pacer.c`, `delay.c` and `slowsync.c` into a folder."""
    compiler = [os.environ.get("CC", "gcc"), "-std=c11", "-O2", "-Wall", "-Wextra"]
    for name in BASELINES:
        source = HERE / "baselines" / f"{name}.c"
        _run([*compiler, "-o", str(into / name), str(source), "-lmicrohttpd", "-lpthread"])
    for name in ("pacer", "delay"):
        _run([*compiler, "-o", str(into / name), str(HERE / f"{name}.c")])
    _run([*compiler, "-shared", "-fPIC", "-o", str(into / "slowsync.so"), str(HERE / "slowsync.c"), "-ldl"])


def build_rundir() -> Path:
    """Builds rundir in release, as the package and the image have it, and returns the path of the executable."""
    build = ["swift", "build", "-c", "release", "--static-swift-stdlib"]
    _run([*build, "--product", "rundir"], REPOSITORY)
    return Path(_run([*build, "--show-bin-path"], REPOSITORY).strip().splitlines()[-1]) / "rundir"
