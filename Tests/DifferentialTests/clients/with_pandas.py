"""Sends runs as pandas writes them: series for named lists, data frames for metrics."""
import json

import pandas

from client import are_lines, runs, send

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
LOSES = ["digits", "nan", "infinities"]


def series(document):
    return pandas.Series(document, dtype=object).to_json()


METRICS = [
    ("to_json()", JSON, lambda frame: frame.to_json(), LOSES),
    ("records", JSON, lambda frame: frame.to_json(orient="records"), LOSES),
    ("lines", NDJSON, lambda frame: frame.to_json(orient="records", lines=True), LOSES),
    ("to_dict(list)", JSON, lambda frame: json.dumps(frame.to_dict("list")), ["missing"]),
    ("to_dict(records)", JSON, lambda frame: json.dumps(frame.to_dict("records")), ["missing"]),
    ("to_csv(index=False)", CSV, lambda frame: frame.to_csv(index=False), ["nan"]),
]

for number, run in runs():
    for part in ["flags", "evaluation", "properties", "error"]:
        if run[part] is not None:
            send(number, part, "Series.to_json()", JSON, [series(run[part])], LOSES)
    ways = [way for way in METRICS if way[1] != NDJSON or are_lines(run["metrics"])]
    way, media_type, write, loses = ways[number % len(ways)]
    frames = [pandas.DataFrame(frame).astype({name: float for name in frame if name not in ("step", "epoch")})
              for frame in run["metrics"]]
    send(number, "metrics", way, media_type, [write(frame) for frame in frames], loses)
