"""Contenders take turns: in each round every one of them has the machine for itself for some seconds."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .load import Load, Wrk, redis_benchmark
from .servers import Server


@dataclass
class Measurement:
    """What a contender came to in all rounds."""

    figure: str
    name: str
    loads: list[Load] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(load.rate for load in self.loads)

    @property
    def p50(self) -> float:
        return statistics.median(load.p50 for load in self.loads)

    @property
    def p99(self) -> float:
        return statistics.median(load.p99 for load in self.loads)

    @property
    def requests(self) -> int:
        return sum(load.requests for load in self.loads)

    def spread(self, other: "Measurement") -> tuple[float, float]:
        """The least and the greatest ratio of the rates of a round."""
        ratios = [ours.rate / theirs.rate for ours, theirs in zip(self.loads, other.loads, strict=True)]
        return min(ratios), max(ratios)


class Untouched:
    """In a server's place, where the load is on one that others need too."""

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass


@dataclass
class Contender:
    name: str
    server: Server | Untouched
    run: Callable[[int], Load]
    """Puts load on the server for this many seconds."""


def http_contender(
    name: str, server: Server, connections: int, kind: str = "metrics", runs: int = 1, token: str | None = None
) -> Contender:
    """A server that takes POSTs, ours or a baseline."""
    first = 10

    def run(seconds: int) -> Load:
        nonlocal first
        wrk = Wrk(server.port, connections, seconds, kind, runs, first, token=token, encrypted=server.encrypted)
        try:
            load = wrk.wait()
        finally:
            wrk.stop()
        # The next load's epochs start after the last that this one may have sent.
        first += (load.requests + connections) // runs + 2
        return load

    return Contender(name, server, run)


def redis_contender(server: Server, connections: int) -> Contender:
    """Redis takes a number of requests, not a time: the number follows from the rate seen before."""
    rate = 1000.0 * min(connections, 16)

    def run(seconds: int) -> Load:
        nonlocal rate
        load = redis_benchmark(server.port, connections, max(int(rate * seconds), 1000))
        rate = load.rate
        return load

    return Contender("Redis", server, run)


def take_turns(figure: str, contenders: Sequence[Contender], rounds: int, seconds: int) -> dict[str, Measurement]:
    """Measures all in turn, `rounds` times. Who follows whom changes from round to round, and those whose turn it is
    not are paused: what a server puts off, it does in its own time."""
    found = {contender.name: Measurement(figure, contender.name) for contender in contenders}
    for contender in contenders:
        contender.server.pause()
    for turn in range(rounds):
        shift = turn % len(contenders)
        for contender in [*contenders[shift:], *contenders[:shift]]:
            contender.server.resume()
            try:
                found[contender.name].loads.append(contender.run(seconds))
            finally:
                contender.server.pause()
    for contender in contenders:
        contender.server.resume()
    return found
