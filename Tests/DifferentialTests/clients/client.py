"""What the Python clients share: the runs that are to be sent, and what each way of writing them makes.

The first argument is a file with one run a line, in JSON, which has `{"number": "NaN"}` for what JSON cannot say; the
bodies are printed, a document a line.
"""
import json
import sys


def value(x):
    if isinstance(x, dict):
        if list(x) == ["number"]:
            return float(x["number"])
        return {name: value(member) for name, member in x.items()}
    if isinstance(x, list):
        return [value(element) for element in x]
    return x


def runs():
    with open(sys.argv[1], encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            yield number, value(json.loads(line))


def send(run, part, way, media_type, bodies, loses=()):
    line = {"run": run, "part": part, "way": way, "type": media_type, "bodies": bodies, "loses": list(loses)}
    print(json.dumps(line))


def are_lines(frames):
    """Whether frames can be sent as NDJSON, where rows without a key are one more each."""
    has_keys = all("step" in frame or "epoch" in frame for frame in frames)
    return has_keys or all(len(next(iter(frame.values()))) == 1 for frame in frames)
