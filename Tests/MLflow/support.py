"""A Rundir server for the tests, which can be killed and started again at the same port."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile


class Server:
    def __init__(self, executable, folder):
        self.executable, self.runs, self.port = executable, pathlib.Path(folder, "runs"), 0
        self.log = open(pathlib.Path(folder, "log"), "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.executable, "serve", "--port", str(self.port), "--runs", self.runs],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://[^ ,]+:(\d+)", line)
        assert found, f"the server did not start: {line} {pathlib.Path(self.log.name).read_text()}"
        self.url, self.port = found[0], int(found[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0
        self.process.stdout.close()

    def file(self, run, path):
        """The text of a file in a run's data directory."""
        return self.runs.joinpath(run, "tfruns.d", path).read_text()


@contextlib.contextmanager
def serving(executable):
    """A server with a runs directory of its own, as MLflow's tracking server."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(executable), folder)
        os.environ["MLFLOW_TRACKING_URI"] = server.url
        os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
        # A failed request is tried again, at once: the server is killed in between.
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "5"
        os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"] = "1"
        os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_JITTER"] = "0"
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()
            server.log.close()


def raises(code, call, *arguments, **named):
    """Whether a call of MLflow's client fails with an error code; the message."""
    from mlflow.exceptions import MlflowException
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error}"
        return str(error)
    raise AssertionError(f"{call} did not fail with {code}")
