"""The web page in Chromium: how soon it is there, what it loads, how it draws, scrolls and bears many rows."""

import json
import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .browser import Browser, browser
from .client import Client, request_bytes
from .failure import Failure
from .long_run import BODY_ROWS, MILLION, send_rows
from .registry import benchmark
from .servers import Rundir, running
from .session import Session
from .table import Row, Target, milliseconds, per_second

LIVE_ROWS = 10_000
LIVE_BODY = 10
LIVE_FRAMES = 600
METRICS = 20


def _add(session: Session, figure: str, times: list[float], limit: float | None) -> None:
    """A row of the median of milliseconds."""
    took = statistics.median(times)
    target = None if limit is None else Target(limit, False, " ms")
    session.rows.append(Row(figure, milliseconds(took / 1e3), target=target, judged=took))


def _turns(session: Session) -> int:
    return min(session.rounds, 7)


@benchmark("page-first")
def page_first(session: Session) -> None:
    """the page in Chromium: first paint of the list of 1,000 runs, its rows, and what all views load of our own code"""
    paints, rows, again = [], [], []
    with session.rundir([]) as server, browser() as window:
        address = f"http://127.0.0.1:{server.port}/"
        with Client(server.port) as client:
            for number in range(1000):
                body = b'{"flags": {"lr": %f, "model": "mlp"}}' % (1 / (number + 1))
                client.expect(201, request_bytes("PUT", f"/runs/run-{number:03}", body))
            send_rows(client, "run-999", 100)
        for _ in range(_turns(session)):
            window.open(address)
            rows.append(window.wait("rows"))
            paints.append(window.wait("paint"))
            window.open(address, forgets=False)
            window.wait("rows")
            again.append(window.wait("paint"))
        first = _own_code(server, window, ["#/"])
        every = _own_code(server, window, [
            "#/", "#/run/run-999", *(f"#/run/run-999?tab={tab}" for tab in ("output", "source", "files", "use")),
            "#/compare?runs=run-998,run-999&source=1", "#/server"])
    _add(session, "page: first paint of 1,000 runs, nothing kept by the browser", paints, 100)
    _add(session, "page: the same, kept by the browser", again, 100)
    _add(session, "page: rows of 1,000 runs, nothing kept by the browser", rows, None)
    for figure, size in (("the list of runs", first), ("all views", every)):
        session.rows.append(Row(f"page: own code transferred, {figure}", f"{size / 1e3:,.1f} kB",
                                target=Target(120, False, " kB"), judged=size / 1e3))


def _own_code(server: Rundir, window: Browser, views: list[str]) -> int:
    """Bytes of the page's own files that views load, one after the other in one document."""
    address = f"http://127.0.0.1:{server.port}/"
    window.open(address + views[0])
    for view in views:
        window.script("location.hash = arguments[0]", view)
        # What a view loads, it loads when it is first shown.
        _settle(window)
    sizes = {url: size for url, size in window.transferred().items()
             if url.split("#")[0] == address or (url.startswith(address + "assets/") and "/lib/" not in url)}
    if len(sizes) < 10:
        raise Failure(f"only {len(sizes)} files of the page were loaded")
    return sum(sizes.values())


def _settle(window: Browser) -> None:
    """Waits until the number of loaded files has not changed for half a second."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        now = window.script("return performance.getEntriesByType('resource').length")
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.05)


def _send_wide_rows(client: Client, run: str, count: int) -> None:
    """Rows of 20 metrics, as CSV."""
    chosen = random.Random(1)
    tails = [",".join(f"{chosen.random() / (1 + metric):.5f}" for metric in range(METRICS)) for _ in range(1009)]
    head = "step," + ",".join(f"metric{metric}" for metric in range(METRICS)) + "\n"
    for first in range(1, count + 1, BODY_ROWS):
        lines = (f"{step},{tails[step % len(tails)]}\n" for step in range(first, min(first + BODY_ROWS, count + 1)))
        body = (head + "".join(lines)).encode()
        client.expect(201, request_bytes("POST", f"/runs/{run}/metadata/metrics", body, "text/csv"))


@benchmark("page-charts")
def page_charts(session: Session) -> None:
    """the page in Chromium: charts of a run of 1,000,000 rows x 20 metrics, and of 20 runs of 100,000 rows overlaid"""
    overlaid = [f"long-{number}" for number in range(20)]
    times: dict[tuple[str, str], list[float]] = {}
    with session.new_folder() as folder, browser() as window:
        for start in range(3):
            server = Rundir(session.binary, folder)
            with running(server), Client(server.port) as client:
                if start == 0:
                    server.initialise(["wide", *overlaid])
                    _send_wide_rows(client, "wide", MILLION)
                    for run in overlaid:
                        send_rows(client, run, 100_000)
                views = {
                    "1,000,000 rows x 20 metrics": "#/run/wide",
                    "20 runs of 100,000 rows overlaid": f"#/compare?runs={','.join(overlaid)}",
                }
                for name, view in views.items():
                    for turn in range(_turns(session)):
                        window.open(f"http://127.0.0.1:{server.port}/{view}")
                        when = "again" if turn else "just written" if start == 0 else "first after a start"
                        times.setdefault((name, when), []).append(window.drawn())
    for name in views:
        for when in ("just written", "first after a start", "again"):
            if (name, when) in times:
                _add(session, f"page: charts of {name}, {when}", times[name, when], 1000)


@benchmark("page-scroll")
def page_scroll(session: Session) -> None:
    """the page in Chromium: frames a second while a run's page of 100 metrics is scrolled"""
    rates, late = [], []
    with session.rundir(["many"]) as server, browser() as window:
        rows = [
            {"step": step} | {f"metric{metric}": (metric + 1) / (step + 1) for metric in range(100)}
            for step in range(1000)
        ]
        with Client(server.port) as client:
            for first in range(0, len(rows), 100):
                body = json.dumps(rows[first : first + 100]).encode()
                client.expect(201, request_bytes("POST", "/runs/many/metadata/metrics", body))
        for _ in range(_turns(session)):
            window.open(f"http://127.0.0.1:{server.port}/#/run/many")
            window.drawn()
            found = window.frames(240, 24)
            if found["top"] < 3000:
                raise Failure(f"the page was scrolled by {found['top']} pixels only")
            rates.append(1000 * len(found["frames"]) / sum(found["frames"]))
            late.append(max(found["frames"]))
    rate = statistics.median(rates)
    session.rows.append(Row("page: scrolling 100 metrics", per_second(rate), target=Target(59, True, "/s"), judged=rate))
    _add(session, "page: the same, the longest gap between frames", late, None)


@contextmanager
def _arriving(port: int, run: str, first: int) -> Iterator[None]:
    """10,000 rows a second for a run, ten at a time, from an epoch on."""
    stop = threading.Event()

    def send() -> None:
        with Client(port) as client:
            begun, sent = time.monotonic(), 0
            while not stop.is_set():
                epochs = range(first + sent, first + sent + LIVE_BODY)
                rows = (b'{"epoch": %d, "loss": %f, "acc": 0.8731, "val_loss": %f, "v": 0.95}\n'
                        % (epoch, epoch % 997 / 997, epoch % 991 / 991) for epoch in epochs)
                path = f"/runs/{run}/metadata/metrics"
                client.expect(201, request_bytes("POST", path, b"".join(rows), "application/x-ndjson"))
                sent += LIVE_BODY
                stop.wait(max(0.0, begun + sent / LIVE_ROWS - time.monotonic()))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@benchmark("page-live")
def page_live(session: Session) -> None:
    """the page in Chromium while 10,000 rows a second arrive: the longest gap between frames, of charts and of the list"""
    gaps: dict[str, list[float]] = {"a run's charts": [], "the list of runs": []}
    # The last one stands first in the list.
    runs = [*(f"run-{number}" for number in range(50)), "live"]
    with session.rundir(runs) as server, browser() as window:
        with Client(server.port) as client:
            send_rows(client, "live", 1000)
        # What of each view has to change meanwhile.
        shown = "return document.querySelector('.chart-values, tr[data-key=live]').innerText"
        views = {"a run's charts": "#/run/live", "the list of runs": "#/?columns=run,metric_loss,metric_val_loss,sparkline"}
        for name, view in views.items():
            window.open(f"http://127.0.0.1:{server.port}/{view}")
            window.wait("drawn" if "charts" in name else "rows")
            before = server.rows("live")
            with _arriving(server.port, "live", before + 1):
                begun = time.monotonic()
                for _ in range(max(1, _turns(session) // 2)):
                    text = window.script(shown)
                    found = window.frames(LIVE_FRAMES)
                    if window.script(shown) == text:
                        raise Failure(f"{name} did not change while rows arrived")
                    gaps[name].append(max(found["frames"]))
                taken = time.monotonic() - begun
                rate = (server.rows("live") - before) / taken
            if rate < LIVE_ROWS * 0.9:
                raise Failure(f"only {rate:,.0f} rows a second arrived")
    for name, found in gaps.items():
        _add(session, f"page: longest gap between frames while 10,000 rows a second arrive, {name}", found, 100)
