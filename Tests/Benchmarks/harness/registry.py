"""The list of benchmarks, each a function registered by name."""

from collections.abc import Callable
from dataclasses import dataclass

from .session import Session

Measure = Callable[[Session], None]


@dataclass(frozen=True)
class Benchmark:
    name: str
    summary: str
    needs_rundir: bool
    # Whether it is measured only where it is named.
    is_asked_for: bool
    measure: Measure


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str, *, needs_rundir: bool = True, is_asked_for: bool = False) -> Callable[[Measure], Measure]:
    """Registers a function that measures and adds rows to the session. Its doc comment is what `--list` says."""

    def register(measure: Measure) -> Measure:
        summary = (measure.__doc__ or "").strip().splitlines()[0]
        BENCHMARKS[name] = Benchmark(name, summary, needs_rundir, is_asked_for, measure)
        return measure

    return register
