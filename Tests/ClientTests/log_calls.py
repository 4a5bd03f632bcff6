"""How long 100,000 calls of rundir.py's log take their caller: while the server is there, and while it is away.

    log_calls.py RUNDIR
"""

import os
import subprocess
import sys
import tempfile

os.environ["RUNDIR_BINARY"] = os.path.abspath(sys.argv[1])
from support import CLIENTS, Server, until

CALLS = 100_000
JOB = f"""
import sys, time
import rundir
run = rundir.run(id=sys.argv[1])
began = time.perf_counter()
for step in range({CALLS}):
    run.log(step=step, loss=1 / (step + 1), acc=0.5)
took = time.perf_counter() - began
began = time.perf_counter()
run.finish()
print(f"{{took:.2f}} s, {{took / {CALLS} * 1e6:.1f}} microseconds a call; finish(): {{time.perf_counter() - began:.2f}} s")
"""


def main():
    server = Server()
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "PYTHONPATH": str(CLIENTS), "RUNDIR_SPOOL": folder, "RUNDIR_WAIT": "60"}
            for run, address in (("there", server.address), ("away", "http://127.0.0.1:9")):
                if run == "away":
                    environment["RUNDIR_WAIT"] = "0"
                done = subprocess.run([sys.executable, "-c", JOB, run], env={**environment, "RUNDIR_URL": address}, check=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                print(f"{CALLS} calls, the server is {run}: {done.stdout}", end="", flush=True)
        until(lambda: len(server.steps("there")) == CALLS, "all rows are there")
    finally:
        server.remove()


if __name__ == "__main__":
    main()
