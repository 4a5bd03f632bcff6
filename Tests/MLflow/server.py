"""Has `rundir import --from mlflow` bring in what a server has, and compares both through MLflow's client.

    server.py [--long] RUNDIR

The server is another Rundir; with --long also MLflow's own, on SQLite, for which the package mlflow has to be installed.
"""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from contents import compare, fill
from support import Server

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient


class Importing:
    def __init__(self, executable, folder, address):
        self.command = [executable, "import", "--from", "mlflow", "--runs", pathlib.Path(folder, "runs"), address]

    def run(self, **environment):
        return subprocess.run(self.command, capture_output=True, text=True, check=False, env={**os.environ, **environment})

    def begin(self):
        return subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def rundir(executable):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(executable, folder)
        try:
            yield server
        finally:
            server.stop()
            server.log.close()


def all_comes_in(executable, address):
    """Everything comes in once, however often the import is begun."""
    source = MlflowClient(address)
    runs = fill(source)
    with tempfile.TemporaryDirectory() as folder:
        importing = Importing(executable, folder, address)
        done = importing.run()
        assert done.returncode == 0, done
        assert done.stdout == "imported 7 runs; 0 were there already, 0 could not be imported, 1 parts of runs were left out\n", done
        assert "since it is running" in done.stderr, done.stderr
        archived = pathlib.Path(folder, "runs", "archive", runs["deleted"], "tfruns.d", "metrics.json").read_text()
        assert json.loads(archived)["loss"] == [0.5], archived
        copy = Server(executable, folder)
        assert compare(source, MlflowClient(copy.url)) == 7
        busy = importing.run()
        assert busy.returncode != 0 and "belongs to another rundir server" in busy.stderr, busy
        copy.stop()
        # What came since comes with the next import.
        later = source.create_run("0", run_name="later").info.run_id
        source.set_terminated(later)
        again = importing.run()
        assert again.stdout.startswith("imported 1 runs; 7 were there already, 0 could not be imported, 0 parts"), again
        check = subprocess.run([executable, "check", "--runs", pathlib.Path(folder, "runs")], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check


def from_rundir(executable):
    with rundir(executable) as server:
        all_comes_in(executable, server.url)


def interrupted(executable):
    """The import is killed and begun again, and the server is killed and comes back: the rest comes in."""
    with rundir(executable) as server, tempfile.TemporaryDirectory() as folder:
        source = MlflowClient(server.url)
        runs = []
        for number in range(60):
            runs.append(source.create_run("0").info.run_id)
            source.log_batch(runs[-1], params=[Param("p", str(number))], metrics=[Metric("m", step, step, step) for step in range(50)])
            source.log_text(runs[-1], str(number), "a.txt")
            source.set_terminated(runs[-1])
        importing = Importing(executable, folder, server.url)

        def count():
            return len(list(pathlib.Path(folder, "runs").glob("20*")))

        def after(number, process):
            while process.poll() is None and count() < number:
                time.sleep(0.005)

        process = importing.begin()
        after(10, process)
        process.kill()
        process.communicate()
        came = count()
        assert 10 <= came < 50, came
        process = importing.begin()
        after(came + 10, process)
        server.kill()
        assert count() < 60
        server.start()
        said, complaints = process.communicate(timeout=120)
        assert process.returncode == 0 and f"imported {60 - came} runs; {came} were there already" in said, (said, complaints)
        copy = Server(executable, folder)
        assert compare(source, MlflowClient(copy.url)) == 60
        copy.stop()


def with_token(executable):
    with rundir(executable) as server, tempfile.TemporaryDirectory() as folder:
        MlflowClient(server.url).create_run("0", run_name="one")
        made = subprocess.run([executable, "token", "create", "ci", "--right", "read", "--runs", server.runs], capture_output=True, text=True)
        token = made.stdout.strip()
        while True:
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"{server.url}/runs").close()
                time.sleep(0.05)
                continue
            break
        importing = Importing(executable, folder, server.url)
        refused = importing.run()
        assert refused.returncode == 1 and "the server replied 401" in refused.stderr, refused
        assert token not in refused.stderr
        assert importing.run(MLFLOW_TRACKING_TOKEN=token).stdout.startswith("imported 1 runs")
        again = importing.run(MLFLOW_TRACKING_USERNAME="ci", MLFLOW_TRACKING_PASSWORD=token)
        assert again.stdout.startswith("imported 0 runs; 1 were there already"), again


def faulty_addresses(executable):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>no MLflow")

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as page, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        for address, reason in [
            (f"http://127.0.0.1:{page.server_port}", "is no server of MLflow"), (nobody, "cannot be read now"),
            ("./mlruns", "is not the address of a server"), ("http://me:secret@127.0.0.1", "MLFLOW_TRACKING_PASSWORD"),
        ]:
            done = Importing(executable, folder, address).run()
            assert done.returncode == 1 and reason in done.stderr, done
        page.shutdown()


@contextlib.contextmanager
def mlflow_server():
    """MLflow's own server, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(pathlib.Path(folder, "log"), "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", "--backend-store-uri",
                 f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"],
                stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            address, end = f"http://127.0.0.1:{port}", time.monotonic() + 120
            while True:
                assert process.poll() is None and time.monotonic() < end, pathlib.Path(folder, "log").read_text()
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{address}/health").close()
                    break
                time.sleep(0.2)
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(30)


def from_mlflow(executable):
    with mlflow_server() as address:
        all_comes_in(executable, address)


def main():
    executable = os.path.abspath(sys.argv[-1])
    for part in (from_rundir, interrupted, with_token, faulty_addresses) + (from_mlflow,) * ("--long" in sys.argv):
        began = time.monotonic()
        part(executable)
        print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
