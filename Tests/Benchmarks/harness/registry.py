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
    measure: Measure


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str, *, needs_rundir: bool = True) -> Callable[[Measure], Measure]:
    """Registers a function that measures and adds rows to the session. Its doc comment is what `--list` says."""

    def register(measure: Measure) -> Measure:
        summary = (measure.__doc__ or "").strip().splitlines()[0]
        BENCHMARKS[name] = Benchmark(name, summary, needs_rundir, measure)
        return measure

    return register
