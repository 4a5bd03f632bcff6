"""Checks openapi.yaml: that it is OpenAPI, and that each of its examples is as its schema says.

    examples.py openapi.yaml
"""

import sys

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry
from referencing.jsonschema import DRAFT202012


def walk(node, pointer=""):
    """Every object in a document, and where it is."""
    if isinstance(node, dict):
        yield node, pointer
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in items:
        yield from walk(value, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")


def value_of(document, example):
    if "$ref" in example:
        for step in example["$ref"].removeprefix("#/").split("/"):
            document = document[step]
        example = document
    return example["value"]


def main(path):
    document, _ = read_from_filename(path)
    validate(document)
    registry = Registry().with_resource("urn:openapi", DRAFT202012.create_resource(document))
    count = faults = 0
    for node, pointer in walk(document):
        # A parameter, a header, or what a body of some media type is.
        if "schema" not in node:
            continue
        values = [value_of(document, example) for example in node.get("examples", {}).values()]
        values += [node["example"]] if "example" in node else []
        validator = OAS31Validator({"$ref": f"urn:openapi#{pointer}/schema"}, registry=registry)
        for value in values:
            count += 1
            for error in validator.iter_errors(value):
                faults += 1
                print(f"{pointer}: {error.json_path}: {error.message}")
    print(f"{count} examples, {faults} faults")
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
