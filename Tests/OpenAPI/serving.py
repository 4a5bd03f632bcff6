"""A server for the scripts beside this one."""

import contextlib
import pathlib
import re
import subprocess


@contextlib.contextmanager
def serving(executable, folder):
    """A server on a free port, with the custom type `notes`; its URL."""
    writers = pathlib.Path(folder, "writers")
    writers.mkdir()
    writers.joinpath("notes.json").write_text('{"description": "Notes.", "store": "list", "path": "notes.json"}')
    with open(f"{folder}/log", "wb") as log:
        server = subprocess.Popen(
            [executable, "serve", "--port", "0", "--runs", f"{folder}/runs", "--writers", writers],
            stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        greeting = re.search(r"http://[^ ,]+", server.stdout.readline())
        assert greeting, pathlib.Path(folder, "log").read_text()
        yield greeting[0]
    finally:
        server.terminate()
        server.wait(60)
