"""A job that does what it is told on standard input, with rundir.py; see test_failures.py."""

import sys

import rundir

run = None
for line in sys.stdin:
    command, _, rest = line.rstrip("\n").partition(" ")
    if command == "start":
        run = rundir.run(flags={"lr": 0.1}, id=rest)
    elif command == "row":
        run.log(step=int(rest), loss=int(rest) / 10)
    elif command == "bad":
        run.log(step=0, loss="not a number")
    elif command == "text":
        run.output(rest + "\n")
    elif command == "finish":
        run.finish()
    elif command == "exit":
        sys.exit(int(rest))
    print("done", flush=True)
