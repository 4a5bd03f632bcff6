"""Sends runs as Python's standard library writes them: json, csv, urllib."""
import csv
import io
import json
from urllib.parse import urlencode

from client import are_lines, runs, send

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORM = "application/x-www-form-urlencoded"


def documents(way):
    """A named list as a client might dump it."""
    return [
        lambda x: json.dumps(x),
        lambda x: json.dumps(x, ensure_ascii=False, indent=2),
        lambda x: json.dumps(x, separators=(",", ":"), sort_keys=True),
    ][way % 3]


def is_flat(x):
    return all(isinstance(v, (int, float, str)) and not isinstance(v, bool) for v in x.values())


def rows(frame):
    names = list(frame)
    return [dict(zip(names, cells)) for cells in zip(*frame.values())]


def present(row):
    return {name: cell for name, cell in row.items() if cell is not None}


def as_csv(frame, delimiter=","):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(frame)
    writer.writerows(zip(*frame.values()))
    return text.getvalue()


def as_form(frame):
    return urlencode(present(rows(frame)[0]))


METRICS = [
    ("columns", JSON, json.dumps),
    ("rows", JSON, lambda frame: json.dumps(rows(frame))),
    ("rows without None", JSON, lambda frame: json.dumps([present(row) for row in rows(frame)])),
    ("NDJSON", NDJSON, lambda frame: "".join(json.dumps(row) + "\n" for row in rows(frame))),
    ("csv.writer", CSV, as_csv),
    ("curl -d", FORM, json.dumps),
    ("no content type", "", lambda frame: json.dumps(rows(frame))),
]

for number, run in runs():
    for part in ["flags", "evaluation", "properties", "error"]:
        document = run[part]
        if document is None:
            continue
        if part != "error" and number % 4 == 3 and is_flat(document):
            send(number, part, "urlencode", FORM, [urlencode(document)], ["types"])
        else:
            send(number, part, "json.dumps", [JSON, FORM, ""][number % 3], [documents(number)(document)])
    frames = run["metrics"]
    ways = [way for way in METRICS if way[1] != NDJSON or are_lines(frames)]
    way, media_type, write = ways[number % len(ways)]
    if all(len(rows(frame)) == 1 for frame in frames) and number % 2:
        if number % 4 == 1:
            send(number, "metrics", "urlencode", FORM, [as_form(frame) for frame in frames])
        else:
            send(number, "metrics", "row", JSON, [json.dumps(rows(frame)[0]) for frame in frames])
    else:
        send(number, "metrics", way, media_type, [write(frame) for frame in frames])
