"""One session: what was built, the folder on the disk that is measured, and what has been found so far."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .contenders import Measurement
from .servers import Rundir, running
from .table import Row


@dataclass
class Session:
    """`binary` is rundir, or None where only the baselines are measured; `tools` holds the compiled baselines. With a store in
    PostgreSQL, `many_runs` are listed, and a long run has `long_run` rows."""

    binary: Path | None
    tools: Path
    folder: Path
    seconds: int
    rounds: int
    many_runs: int = 100_000
    long_run: int = 1_000_000
    rows: list[Row] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """An empty folder on the measured disk, removed at the end."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def rundir(
        self, runs: list[str], environment: dict[str, str] | None = None, *, encrypted: bool = False
    ) -> Iterator[Rundir]:
        """A rundir of its own, with these runs initialised; encrypted with a certificate that it makes."""
        assert self.binary is not None, "figures of rundir alone are skipped without a binary"
        with self.new_folder() as folder:
            server = Rundir(self.binary, folder, environment, encrypted=encrypted)
            with running(server):
                server.initialise(runs)
                yield server
