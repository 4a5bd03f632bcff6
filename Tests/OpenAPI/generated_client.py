"""Makes a client of openapi.yaml with openapi-python-client, and has it do all that a run needs against the real server.

    generated_client.py openapi.yaml RUNDIR

RUNDIR is the server's executable, such as .build/debug/rundir.
"""

import contextlib
import importlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

# What the generator says of a body or reply of a content type that it cannot send or read. The operation is made without it.
UNKNOWN_TYPE = re.compile(
    r"Unsupported content type (application/(x-ndjson|gzip|x-tar|zip)|text/(csv|plain)|\*/\*)"
    r"|Cannot parse response for status code .* \(Unsupported content_type application/(gzip|yaml)\), "
    r"response will be omitted from generated client")


def generate(description, folder):
    """Makes the client; anything that the generator finds wrong with the description is an error."""
    # Its formatter, ruff, is installed beside it.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", description, "--output-path", f"{folder}/client"],
        env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert made.returncode == 0, made.stdout
    # A warning is a head, what is wrong, and the part of the description.
    faults = re.split(r"^WARNING parsing .*\n", made.stdout, flags=re.MULTILINE)
    for fault in faults[1:]:
        message = fault.strip().split("\n")[0]
        assert UNKNOWN_TYPE.fullmatch(message), made.stdout
    assert not re.search(r"Unable|rror", faults[0]), made.stdout
    assert len(re.findall(r"Unable|(?m:^)\w*[Ee]rror", made.stdout)) == 0, made.stdout
    sys.path.insert(0, f"{folder}/client")
    return importlib.import_module("rundir_client")


@contextlib.contextmanager
def serving(executable, runs):
    """A server on a free port; its URL."""
    with open(f"{runs}/notes.json", "w") as file:
        file.write('{"description": "Notes.", "store": "list", "path": "notes.json"}')
    pathlib.Path(f"{runs}/writers").mkdir()
    os.rename(f"{runs}/notes.json", f"{runs}/writers/notes.json")
    server = subprocess.Popen(
        [executable, "serve", "--port", "0", "--runs", f"{runs}/runs", "--writers", f"{runs}/writers"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        greeting = server.stdout.readline()
        found = re.search(r"http://[^ ,]+", greeting)
        assert found, greeting + (server.stderr.read() if server.poll() is not None else "")
        yield found[0]
    finally:
        server.terminate()
        server.wait(60)
