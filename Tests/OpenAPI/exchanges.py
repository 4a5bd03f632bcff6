"""Holds requests and replies of the tests against openapi.yaml, by openapi-core.

    exchanges.py openapi.yaml FOLDER

FOLDER has what the tests kept there (RUNDIR_RECORD_EXCHANGES). Every reply has to be as its operation says. So has every request
that was taken; one that was refused may be anything.
"""

import collections
import gzip
import json
import pathlib
import re
import sys
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.deserializing.media_types.exceptions import MediaTypeDeserializeError
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.request.exceptions import RequestBodyValidationError
from openapi_core.validation.response.exceptions import MissingData
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PATCH = "application/merge-patch+json"


def text(body, **_):
    """A body as a string, a character for each byte."""
    return body.decode("latin-1")


def request_of(exchange):
    """The request, in the words of openapi.yaml."""
    url = urlsplit(exchange["target"])
    # In a file's path "/" may be escaped, and openapi-core takes one segment for a parameter.
    path = re.sub(r"^(/runs/[^/]+/files/|/assets/)(.+)$", lambda match: match[1] + match[2].replace("/", "%2F"), url.path)
    headers = {name.title(): value for name, value in exchange["headers"]}
    body = exchange["body"].encode("latin-1")
    coding = headers.get("Content-Encoding", "").lower()
    if coding:
        headers["Content-Encoding"] = coding
    # The body of one that was refused is not looked at.
    if "gzip" in coding and exchange["status"] < 400:
        body = gzip.decompress(body)
    kind = headers.pop("Content-Type", FORMS[0] if body else "")
    if kind.startswith(FORMS[0]):
        kind = "text/plain" if path.endswith("/metadata/output") else without_curl(body)
    elif kind in ("application/jsonl", "application/ndjson"):
        kind = "application/x-ndjson"
    elif kind.endswith("+json") and kind != PATCH:
        kind = "application/json"
    return MockRequest(
        "http://localhost", exchange["method"], path, args=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers=headers, data=body, content_type=kind)


def without_curl(body):
    """The content type of what curl calls a form: -d '{…}' is JSON, --data-binary @file NDJSON or anything else."""
    if body.lstrip()[:1] in (b"{", b"["):
        try:
            json.loads(body)
        except json.JSONDecodeError as error:
            # More behind the first value.
            if error.msg == "Extra data":
                return "application/x-ndjson"
        return "application/json"
    return FORMS[0] if re.fullmatch(rb"[\t\r\n -\x7e]*", body) else "application/octet-stream"


def response_of(exchange):
    headers = {name.title(): value for name, value in exchange["reply_headers"].items()}
    body = exchange["reply_body"].encode("latin-1")
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return MockResponse(body, exchange["status"], headers=headers, content_type=headers.get("Content-Type", ""))


class Checker:
    def __init__(self, path):
        kinds = ("application/octet-stream", "application/gzip", "application/x-tar", "application/zip", "text/csv",
                 "application/x-ndjson", "text/x-python", "text/x-r-source", "text/x-shellscript", "application/yaml",
                 "text/event-stream", "*/*")
        deserializers = {kind: text for kind in kinds}
        deserializers |= {kind: json.loads for kind in ("application/problem+json", PATCH)}
        config = Config(extra_media_type_deserializers=deserializers)
        self.openapi = OpenAPI.from_file_path(path, config=config)
        self.any_request = MockRequest("http://localhost", "get", "/runs")

    def check(self, exchange):
        request, response = request_of(exchange), response_of(exchange)
        if exchange["status"] < 400:
            self.check_request(request)
        try:
            self.openapi.validate_response(request, response)
        except MissingData:
            # openapi-core takes an empty file for none.
            if exchange["reply_body"] or "json" in response.content_type:
                raise
        except PathError:
            # A path or method that is not in the description is refused, with a problem.
            if exchange["status"] < 400:
                raise
            self.openapi.validate_response(self.any_request, response)

    def check_request(self, request):
        try:
            self.openapi.validate_request(request)
        except RequestBodyValidationError as error:
            # The description has it in words where a form is no more than another way of sending JSON or text, and where JSON is
            # another way of sending a form.
            # The same for the spellings of NaN and of numbers that JSON has not, which metadata may hold, also where several types
            # are written together.
            if isinstance(error.__cause__, MediaTypeDeserializeError) and re.search("/metadata(/|$)|/complete$", request.path):
                return
            # Of a form of any fields, openapi-core reads none.
            if isinstance(error.__cause__, InvalidSchemaValue) and request.content_type.startswith(FORMS[1]):
                return
            in_words = FORMS + (("application/json",) if request.path.endswith("/metadata/source") else ())
            if not isinstance(error.__cause__, MediaTypeNotFound) or not request.content_type.startswith(in_words):
                raise
        except AssertionError:
            # What openapi-core makes of a part whose name it cannot read.
            if not request.content_type.startswith(FORMS[1]):
                raise


def reasons(error):
    """What openapi-core has to say, down to the schema."""
    said = []
    while error is not None:
        said.append(f"{type(error).__name__}: {getattr(error, 'mimetype', '')}")
        said += [f"  {inner.json_path}: {inner.message[:300]}" for inner in getattr(error, "schema_errors", [])]
        error = error.__cause__
    return "\n    ".join(said)


def main(description, folder):
    checker = Checker(description)
    counts = collections.Counter()
    faults = {}
    for file in sorted(pathlib.Path(folder).glob("*.ndjson")):
        for line in file.read_bytes().splitlines():
            exchange = json.loads(line)
            # Every path has these two, and none describes them.
            if exchange["method"] in ("HEAD", "OPTIONS"):
                continue
            # Runs of Tests/HostileTests into whose files another program wrote what no client can send: served as they are.
            if exchange["target"].startswith("/runs/neighbour-"):
                continue
            counts["exchanges"] += 1
            try:
                checker.check(exchange)
            except OpenAPIError as error:
                faults.setdefault(reasons(error), exchange)
                counts["faults"] += 1
    for reason, exchange in faults.items():
        print(f"{exchange['method']} {exchange['target'][:200]} {exchange['headers']} {exchange['body'][:200]!r}")
        print(f"  got {exchange['status']} {exchange['reply_headers'].get('content-type')} {exchange['reply_body'][:200]!r}")
        print(f"    {reason}")
    print(f"{counts['exchanges']} exchanges, {counts['faults']} not as {description} says")
    return 1 if faults or not counts["exchanges"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
