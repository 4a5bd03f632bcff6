"""Chromium by WebDriver, as the tests of the page have it, and what happens in it: paints, frames, long tasks, bytes."""

import json
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .building import REPOSITORY
from .failure import Failure

# The tests of the page make it too.
VENV = REPOSITORY / ".build" / "page-tests"
WAIT_SECONDS = 60

# Runs in each document before its own scripts: notes when all charts that are in sight are drawn, and tasks of 50 ms or more.
WATCHER = """
window.watched = { drawn: null, tasks: [], paint: null, rows: null };
new PerformanceObserver((list) => { for (const task of list.getEntries()) watched.tasks.push(task.duration); })
    .observe({ entryTypes: ['longtask'] });
new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === 'first-contentful-paint') watched.paint = one.startTime;
}).observe({ type: 'paint', buffered: true });
requestAnimationFrame(function look() {
    if (watched.rows === null && document.querySelector('tr[data-key]')) {
        requestAnimationFrame(() => { watched.rows ??= performance.now(); });
    }
    const cards = [...document.querySelectorAll('.chart-card')].filter((card) => {
        const { top, bottom } = card.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
    });
    const isDrawn = cards.length > 0 && cards.every((card) => card.querySelector('canvas'));
    if (isDrawn) requestAnimationFrame(() => { watched.drawn = performance.now(); });
    else requestAnimationFrame(look);
});
"""

# Moves what is scrolled by so many pixels a frame, or only lets frames go by, and gives the time that each took.
FRAMES = """
const [count, pixels, done] = arguments;
const main = document.querySelector('main');
watched.tasks.length = 0;
const frames = [];
let last = 0;
requestAnimationFrame(function step(now) {
    if (last) frames.push(now - last);
    last = now;
    main.scrollTop += pixels;
    if (frames.length < count) requestAnimationFrame(step);
    else done({ frames, tasks: watched.tasks, top: main.scrollTop });
});
"""

PIXELS = """
let count = 0;
for (const canvas of document.querySelectorAll('.chart-card canvas')) {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 3; at < data.length; at += 4) if (data[at] > 40) count++;
}
return count"""


class Browser:
    """A browser with one window of 1280 x 800 pixels."""

    def __init__(self, driver) -> None:
        self._driver = driver
        driver.execute_cdp_cmd("Page.enable", {})
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCHER})
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        driver.set_script_timeout(WAIT_SECONDS)

    def open(self, address: str, *, forgets: bool = True) -> None:
        """Opens a page; what was loaded before is loaded again, unless it is kept."""
        self._driver.get("about:blank")
        self._driver.get_log("performance")
        if forgets:
            self._driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self._driver.get(address)

    def script(self, code: str, *arguments: object):
        return self._driver.execute_script(code, *arguments)

    def wait(self, member: str) -> float:
        """Milliseconds from the beginning of the navigation to what `watched` has under this name."""
        until = time.monotonic() + WAIT_SECONDS
        while (found := self.script("return window.watched?.[arguments[0]] ?? null", member)) is None:
            if time.monotonic() > until:
                text = self.script("return document.body.innerText")
                raise Failure(f"no {member} within {WAIT_SECONDS} s; the page says: {text[:500]}")
            time.sleep(0.05)
        return float(found)

    def drawn(self) -> float:
        """Milliseconds from the beginning of the navigation until all charts in sight were drawn."""
        took = self.wait("drawn")
        if self.script(PIXELS) < 200:
            raise Failure("the charts have no lines")
        return took

    def frames(self, count: int, pixels: int = 0) -> dict:
        """Lets frames go by, scrolling by so many pixels in each: milliseconds of each and of tasks of 50 and more."""
        return self._driver.execute_async_script(FRAMES, count, pixels)

    def transferred(self) -> dict[str, int]:
        """Bytes that came over the network for each address since `open`, heads included."""
        addresses: dict[str, str] = {}
        sizes: dict[str, int] = {}
        for entry in self._driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            if message["method"] == "Network.responseReceived":
                addresses[parameters["requestId"]] = parameters["response"]["url"]
            elif message["method"] == "Network.loadingFinished" and parameters["requestId"] in addresses:
                address = addresses[parameters["requestId"]]
                sizes[address] = sizes.get(address, 0) + int(parameters["encodedDataLength"])
        return sizes


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, closed at the end."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        raise Failure("chromium and chromedriver are not installed")
    _find_selenium()
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--window-size=1280,800"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _find_selenium() -> None:
    """Makes PyPI's selenium there to be imported, from a venv of its own."""
    python = VENV / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import selenium"], capture_output=True).returncode != 0:
        for command in ([sys.executable, "-m", "venv", VENV], [python, "-m", "pip", "install", "-q", "selenium>=4.11"]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise Failure(f"selenium could not be installed:\n{done.stdout}")
    for folder in VENV.glob("lib/python3*/site-packages"):
        site.addsitedir(str(folder))
