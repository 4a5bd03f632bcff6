"""The rows of the result, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass

from .contenders import Measurement


@dataclass(frozen=True)
class Target:
    """What a number should be at least, or at most."""

    limit: float
    at_least: bool
    unit: str = ""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g}{self.unit}"

    def reached_by(self, number: float) -> bool:
        return number >= self.limit if self.at_least else number <= self.limit


@dataclass(frozen=True)
class Row:
    """One line of the table. `judged` is the number that the target speaks of: the ratio, where there is one. `spread` is
    the least and the greatest ratio of a round."""

    figure: str
    rundir: str
    against: str = ""
    ratio: float | None = None
    target: Target | None = None
    judged: float | None = None
    spread: tuple[float, float] | None = None

    @property
    def reached(self) -> bool | None:
        number = self.ratio if self.judged is None else self.judged
        return None if self.target is None or number is None else self.target.reached_by(number)

    @property
    def cells(self) -> list[str]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        if self.spread is not None:
            ratio += f" ({self.spread[0]:.2f} – {self.spread[1]:.2f})"
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return [self.figure, self.rundir, self.against, ratio, str(self.target or ""), verdict]


def per_second(rate: float) -> str:
    return f"{rate:,.0f}/s"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms"


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"


def print_table(head: list[str], lines: Sequence[list[str]]) -> None:
    """Prints as Markdown, columns aligned, so that a result can be put into a document as it is."""
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    for line in [head, ["-" * width for width in widths], *lines]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
    print(flush=True)


def print_rows(rows: Sequence[Row]) -> None:
    print_table(["figure", "rundir", "against", "ratio", "target", ""], [row.cells for row in rows])


def print_measurements(measurements: Sequence[Measurement]) -> None:
    """Every contender's median, and its slowest and fastest round: how far the medians can be trusted."""
    lines = []
    for found in measurements:
        rates = sorted(load.rate for load in found.loads)
        spread = f"{per_second(rates[0])} – {per_second(rates[-1])}"
        lines.append(
            [found.figure, found.name, per_second(found.rate), spread, milliseconds(found.p50), milliseconds(found.p99)]
        )
    print_table(["figure", "contender", "rate", "slowest – fastest round", "p50", "p99"], lines)
