"""Installs what the benchmarks call and are built with, by the list that README, CI and the image use too."""

import os
import shutil
import subprocess

from .building import REPOSITORY
from .failure import Failure

PURPOSES = ("build", "bench")


def _listed() -> list[str]:
    lines = (REPOSITORY / "docker" / "packages.txt").read_text().splitlines()
    entries = (line.split() for line in lines if line and not line.startswith("#"))
    return sorted({name for purpose, name in entries if purpose in PURPOSES})


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def install_packages() -> None:
    """Installs the packages that are missing, where that can be done: by root, on Debian."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    missing = [package for package in _listed() if not _is_installed(package)]
    if not missing:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *missing]):
        done = subprocess.run(
            ["apt-get", *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Failure(f"apt-get {' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    for package, service in (("redis-server", "redis-server"), ("postgresql-15", "postgresql")):
        if package in missing:
            # Debian starts it as a service; the benchmarks start one of their own.
            subprocess.run(["service", service, "stop"], capture_output=True)
