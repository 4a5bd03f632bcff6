"""Has schemathesis make requests of openapi.yaml, valid ones and others, and hold the server's replies against it.

    generated_requests.py openapi.yaml RUNDIR [EXAMPLES [SEED]]

RUNDIR is the server's executable, such as .build/debug/rundir; EXAMPLES, how many requests are made up for each operation, besides
those that openapi.yaml has and those at the edges of its schemas (10; the long form has 500). What is checked, and where a check
does not apply, is in schemathesis.toml.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from serving import serving

HERE = pathlib.Path(__file__).resolve().parent


def main(description, executable, examples="10", seed="1"):
    with tempfile.TemporaryDirectory() as folder, serving(executable, folder) as url:
        # The run of the examples, so that they find something.
        urllib.request.urlopen(urllib.request.Request(f"{url}/runs/lr-0.1", method="PUT")).close()
        made = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run",
             pathlib.Path(description).resolve(), "--url", url, "--max-examples", examples, "--seed", seed],
            # It keeps notes for the next run where it is.
            cwd=folder, env=os.environ | {"PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"}, check=False)
        with urllib.request.urlopen(f"{url}/ready") as reply:
            assert reply.status == 200, reply.read()
        log = pathlib.Path(folder, "log").read_text()
        if made.returncode:
            print(log[-4000:], file=sys.stderr)
    sys.exit(made.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
