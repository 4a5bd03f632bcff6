"""What the tests of the web page stand on: a server of their own, Chromium by WebDriver, and what both did."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("RUNDIR_BINARY", str(ROOT / ".build/debug/rundir"))
LONG = os.environ.get("RUNDIR_PAGE_TESTS_LONG") == "1"
PATIENCE = 20


class Server:
    """A server with a runs directory of its own, on a port that stays when it is started again."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rundir-page-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        self.log = open(Path(self.folder) / "log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--runs", str(Path(self.folder) / "runs"), "--port", str(self.port)],
            stdout=self.log, stderr=self.log)
        until(lambda: self.get("/ready"), "the server is ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.log.close()

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, path, body=None, type="application/json"):
        """Sends a request; a body that is no bytes or text goes as JSON. Fails on any reply but success."""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(self.address + path, method=method, data=data)
        if data is not None:
            request.add_header("Content-Type", type)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:500]}") from error
        return json.loads(text) if text[:1] in (b"{", b"[") else text

    def get(self, path):
        try:
            return self.send("GET", path)
        except (urllib.error.URLError, ConnectionError):
            return None

    def run(self, name, flags=None, properties=None, rows=None, evaluation=None, end=None, error=None):
        """Records a run. `end`: True for completed, False for stopped."""
        self.send("PUT", f"/runs/{name}", {"flags": flags or {}, "properties": properties or {}})
        if rows:
            self.send("POST", f"/runs/{name}/metadata/metrics", rows)
        if evaluation:
            self.send("POST", f"/runs/{name}/metadata/evaluation", evaluation)
        if error:
            self.send("POST", f"/runs/{name}/metadata/error", error)
        if end is not None:
            self.send("POST", f"/runs/{name}/complete", {"completed": end})


def until(condition, what, patience=PATIENCE):
    """Waits until a condition is true, and gives what it gave."""
    end = time.monotonic() + patience
    while True:
        try:
            found = condition()
        except (StaleElementReferenceException, JavascriptException):
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not so within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.05)


def chromium(width=1280, height=800, dark=False):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--disable-background-networking", "--disable-component-update", "--no-first-run",
                     f"--window-size={width},{height}", *(["--force-dark-mode"] if dark else [])):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    return driver


class PageTestCase(unittest.TestCase):
    """A test in a browser. It fails on an error in the console, and on a request to another host."""

    width, height = 1280, 800

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.remove)
        cls.fill()
        cls.driver = chromium(cls.width, cls.height)
        cls.addClassCleanup(cls.driver.quit)

    @classmethod
    def fill(cls):
        """Records the runs that the tests look at."""

    def setUp(self):
        # Patterns of errors in the console that the test means to cause.
        self.expected_errors = []
        # What an earlier test left behind is not this one's.
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")

    def tearDown(self):
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        errors = [error for error in errors if not any(re.search(pattern, error) for pattern in self.expected_errors)]
        self.assertEqual(errors, [], "errors in the console")
        hosts = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self.server.address + "/", "blob:", "data:", "about:", "chrome:")):
                    hosts.add(url)
        self.assertEqual(hosts, set(), "requests to other hosts")

    # What a reader does.

    def open(self, hash="#/"):
        self.driver.get("about:blank")
        self.driver.get(f"{self.server.address}/{hash}")

    def find(self, selector):
        return until(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    def read(self, selector, property):
        """A property of an element, such as `value`, read at once: a view may make its elements anew at any time."""
        code = "const found = document.querySelector(arguments[0]); return found ? [found[arguments[1]]] : null"
        return until(lambda: self.script(code, selector, property), selector)[0]

    def texts(self, selector):
        """The texts of all elements, read at once."""
        return self.script("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector):
        def clicked():
            try:
                self.find(selector).click()
                return True
            except WebDriverException:
                return False
        until(clicked, f"{selector} can be clicked")

    def button(self, text, within="body"):
        return until(lambda: next((one for one in self.all(f"{within} button, {within} a")
                                   if one.is_displayed() and one.text.strip() == text), None), f"a button {text}")

    def press(self, text, within="body"):
        """Clicks a button. A view that is told of something meanwhile may have made it anew: then the new one."""
        def click():
            self.button(text, within).click()
            return True
        until(click, f"the button {text} is clicked")

    def script(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def text(self, selector="main"):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_text(self, text, selector="body"):
        return until(lambda: text in self.text(selector), lambda: f"{selector} has the text {text!r}; it has {self.text(selector)[:2000]!r}")

    @property
    def hash(self):
        return self.script("return decodeURIComponent(location.hash.replaceAll('+', ' '))")

    def emulate(self, **features):
        """Has the system ask for something until the test's end, such as `forced_colors="active"`."""
        def ask(features):
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})
        ask(features)
        self.addCleanup(lambda: ask({name: "" for name in features}))

    def keys(self, *keys):
        actions = ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def assert_accessible(self):
        """axe-core finds nothing serious or critical."""
        from axe_selenium_python import Axe
        axe = Axe(self.driver)
        axe.inject()
        results = axe.run()
        found = [(one["id"], one["impact"], [node["html"][:200] + " " + str(node.get("failureSummary"))[:300] for node in one["nodes"][:3]])
                 for one in results["violations"] if one["impact"] in ("serious", "critical")]
        self.assertEqual(found, [])


__all__ = ["ActionChains", "By", "Keys", "LONG", "PageTestCase", "Server", "chromium", "until"]
