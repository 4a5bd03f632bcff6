"""What schemathesis cannot know from openapi.yaml: how bodies are packed and digested, and rules that no JSON Schema says."""

import base64
import gzip
import hashlib
import json
import re

import requests
import schemathesis
from schemathesis.core import NotSet

# Rules of requests that openapi.yaml says in words, since a JSON Schema cannot, or only one that nobody would read; by the reply's
# detail. A request that breaks one of these is refused rightly, though its schema allows it.
RULES = [
    # Names are limited in bytes, with those of the objects that they are in, and have no control characters.
    "a name has a control character", "has the empty name", r"is longer than \d+ bytes", "is not a file's path",
    "is not a property name",
    # A row has a metric beside its step and epoch, and its key is a number of 64 bits; the columns of a frame have one length.
    "has no metric", "no row has a metric", "the frame has no row", r"column .* has \d+ values?, but column", "it has to be the step or epoch of a row",
    # Of texts, an evaluation takes those that stand for a number.
    "an evaluation holds numbers, null and NaN",
    # Conditions, orders, columns and cursors have a grammar, and name what is there.
    "unknown cursor", "there is no column", "where: ", "order: ", "columns: ",
    # Parameters that need, or exclude, each other.
    "where is missing", "unchanged_for needs pending=true", "send it without a cursor", "is named twice",
    "cannot be used with pending=true",
    # Of properties, those that tfruns takes for more than text.
    '"(start|end)" has to be', '"(samples|validation_samples|steps|epochs|batch_size|learning_rate|completed)" has to be',
    # White space is output, nothing is none.
    "the body is empty",
    # Conditions of several kinds that are met together; what a client believes that is stored.
    "does not meet If-Match or If-None-Match", "Content-Range does not fit", "send a part of a file as it is",
    # Forms: each name once, files of different names; packed is the file, not the form.
    "is there twice", "appears twice", "multipart/form-data with Content-Encoding", 'error: "message" is missing',
    # What an archive is.
    "is not a valid tar, tar.gz or zip",
    # The server says which types there are (GET /types), and a custom one's writer which bodies and parameters it takes.
    "no writer is registered for the type",
    r"is unknown here; the parameters are: none", "application/octet-stream.* is not accepted here",
]


def is_excused(failure, case, response):
    """Whether a failure is none of the server's."""
    path = case.operation.path
    match failure.code:
        case "ST202":  # Schema-valid request rejected.
            # The schemas of these are of any text.
            if case.media_type in ("application/x-ndjson", "text/csv"):
                return response.status_code in (400, 422)
            detail = json.loads(response.content)["detail"]
            return any(re.search(rule, detail) for rule in RULES)
        case "ST204" | "ST205":  # Wrong response to undeclared method, Allow header mismatch.
            # These are paths of /runs/{id} too, and a run may be called `purge`. A type has PATCH if its writer can merge.
            return path in ("/runs/archive", "/runs/restore", "/runs/purge") or path.endswith("/{type}") and failure.code == "ST205"
        case "ST108":  # Response violates schema.
            # OpenAPI 3.1 has no schema for an event, and that of the stream is text. YAML is described as text, and read as YAML.
            return path.endswith("/events") or path == "/openapi.yaml"
        case "ST110":  # Response that cannot be read as its content type.
            # Output is kept and given as the bytes that came: a program may be killed amid a character.
            return path in ("/runs/{id}/output", "/runs/{id}/metadata/output")
    return False


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not is_excused(failure, case, response)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Packs the body of a valid request whose headers say that it is packed, and gives it its digests."""
    headers = {name.lower(): name for name in case.headers or {}}
    packed = "content-encoding" in headers and case.headers[headers["content-encoding"]].lower() in ("gzip", "x-gzip")
    digests = [name for name in ("content-digest", "repr-digest", "content-md5") if name in headers]
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_valid or not (packed or digests) or isinstance(case.body, NotSet):
        return
    parts = ("method", "url", "headers", "params", "data", "json", "files")
    sent = case.as_transport_kwargs(base_url="http://localhost")
    sent = requests.Request(**{name: value for name, value in sent.items() if name in parts}).prepare()
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    if packed:
        body = gzip.compress(body)
    kwargs["data"] = body
    # With the boundary of a form.
    if "Content-Type" in sent.headers:
        case.headers["Content-Type"] = sent.headers["Content-Type"]
    sha = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    for name in digests:
        case.headers[headers[name]] = base64.b64encode(hashlib.md5(body).digest()).decode() if name == "content-md5" else sha


@schemathesis.deserializer("text/csv", "application/x-ndjson", "text/html", "text/markdown")
def text(context, response):
    """The schemas of these are of the text itself."""
    return response.text


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
