"""Checks the documents: `examples.py OPENAPI ASYNCAPI`.

Every example matches its schema, and the OpenAPI document matches its specification. Prints the number of examples.
"""

import json
import sys

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7, DRAFT202012


def checker(document, validator, draft):
    registry = Registry().with_resource("urn:document", Resource(contents=document, specification=draft))

    def check(schema, example, where):
        # References of the document are relative to the document.
        schema = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
        errors = list(validator(schema, registry=registry, format_checker=FormatChecker()).iter_errors(example))
        assert not errors, f"{where}: {errors[0].message}"

    return check


def contents(operation):
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        yield from body.get("content", {}).values()


def main(openapi, asyncapi):
    openapi, asyncapi = (json.load(open(path, encoding="utf-8")) for path in (openapi, asyncapi))
    validate(openapi)
    count = 0

    check = checker(openapi, Draft202012Validator, DRAFT202012)
    operations = [operation for path in openapi["paths"].values() for operation in path.values()]
    everything = [content for operation in operations for content in contents(operation)]
    for response in openapi["components"]["responses"].values():
        everything += response["content"].values()
    for content in everything:
        if "example" in content:
            check(content["schema"], content["example"], json.dumps(content["schema"]))
            count += 1
    for name, schema in openapi["components"]["schemas"].items():
        for example in schema.get("examples", []):
            check(schema, example, name)
            count += 1

    check = checker(asyncapi, Draft7Validator, DRAFT7)
    for name, message in asyncapi["components"]["messages"].items():
        for example in message["examples"]:
            check(message["payload"], example["payload"], example["name"])
            count += 1
        # A message of one type does not match the schema of another.
        for other, schema in asyncapi["components"]["messages"].items():
            if other != name and schema["name"] != message["name"]:
                try:
                    check(schema["payload"], message["examples"][0]["payload"], other)
                except AssertionError:
                    continue
                raise AssertionError(f"an example of {name} matches {other}")
    print(count)


main(*sys.argv[1:])
