"""What the tests of the clients stand on: a server of their own, and jobs that use a client."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("RUNDIR_BINARY", str(ROOT / ".build/debug/rundir"))
CLIENTS = ROOT / "Sources/WebPage/clients"
LONG = os.environ.get("RUNDIR_CLIENT_TESTS_LONG") == "1"
PATIENCE = 30

# The shells that rundir.sh is run by.
SHELLS = [shell for shell in (["dash"], ["busybox", "sh"], ["bash", "--posix"]) if shutil.which(shell[0])]


def until(condition, what, patience=PATIENCE):
    """Waits until a condition is true, and returns what it returned."""
    end = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not so within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.05)


class Disk:
    """A small tmpfs for the server's runs; only root can mount one."""

    def __init__(self, folder, size="24m"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.is_mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.folder)], stderr=subprocess.DEVNULL
        ).returncode == 0

    def fill(self):
        with open(self.folder / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

    def free(self):
        (self.folder / "ballast").unlink()

    def remove(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


class Server:
    """A server with a runs directory of its own, on a port that stays when it is started again."""

    def __init__(self, *options, disk=False):
        self.folder = Path(tempfile.mkdtemp(prefix="rundir-clients-"))
        self.options = list(options)
        self.disk = Disk(self.folder / "disk") if disk else None
        self.runs = self.folder / ("disk/runs" if disk else "runs")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.token = None
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--runs", str(self.runs), "--port", str(self.port), *self.options],
                stdout=log, stderr=log)
        until(lambda: self.status("/ready") == 200, lambda: "the server is ready: " + (self.folder / "log").read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def remove(self):
        if self.process.poll() is None:
            self.go_on()
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
        if self.disk:
            self.disk.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None):
        """The status and the reply; None and an error without a reply."""
        request = urllib.request.Request(self.address + path, method=method, data=body)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return None, error

    def status(self, path):
        return self.request("GET", path)[0]

    def get(self, path):
        status, body = self.request("GET", path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body}")
        return json.loads(body) if body[:1] in (b"{", b"[") else body.decode()

    def found(self, path):
        """What is at a path; None if there is nothing, or no server."""
        status, body = self.request("GET", path)
        return None if status != 200 else json.loads(body) if body[:1] in (b"{", b"[") else body.decode()

    def steps(self, run):
        return (self.found(f"/runs/{run}/metrics") or {}).get("step", [])

    def output(self, run):
        return self.found(f"/runs/{run}/output") or ""


class ClientTestCase(unittest.TestCase):
    """A test with a server, a folder and a spool of its own."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options)
        cls.addClassCleanup(cls.server.remove)

    def setUp(self):
        # A test that hangs fails.
        signal.signal(signal.SIGALRM, self.took_too_long)
        signal.alarm(180)
        self.addCleanup(signal.alarm, 0)
        self.folder = Path(tempfile.mkdtemp(prefix="rundir-job-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.spool = self.folder / "spool"
        self.addCleanup(self.end_background)

    @staticmethod
    def took_too_long(number, frame):
        raise AssertionError("the test took more than three minutes")

    def end_background(self):
        """Ends the processes in the background that still try to send."""
        for owner in self.spool.glob("*/sender/*"):
            try:
                os.kill(int(owner.name.partition("-")[0]), signal.SIGKILL)
            except (OSError, ValueError, IndexError):
                pass

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNDIR_", "SLURM_"))}
        return {**kept, "HOME": str(self.folder), "RUNDIR_URL": self.server.address, "RUNDIR_SPOOL": str(self.spool),
                "PYTHONPATH": str(CLIENTS), "PYTHONDONTWRITEBYTECODE": "1", **more}

    def run_command(self, *command, input=None, status=0, cwd=None, **environment):
        """Runs a command in the test's folder, and returns what it printed and what it complained of."""
        done = subprocess.run(
            [str(word) for word in command], input=input, cwd=cwd or self.folder, env=self.environment(**environment),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{command}: {done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr

    def waiting(self):
        """The requests that wait in the spool."""
        return sorted(self.spool.glob("*/runs/*/*.req")) + sorted(self.spool.glob("*/files/*/*.req"))

    def refused(self):
        return sorted(self.spool.glob("*/refused/*/*.req"))

    def python(self, code, **named):
        """Runs Python code that has the client."""
        path = self.folder / "job.py"
        path.write_text(code)
        return self.run_command(sys.executable, path, **named)


__all__ = ["BINARY", "CLIENTS", "ClientTestCase", "HERE", "LONG", "PATIENCE", "ROOT", "SHELLS", "Server", "until"]
