# SPDX-License-Identifier: Apache-2.0
"""Valid vectors validate under the JSON Schema of terms; every structural fault of one does not."""
import copy
import json
import sys

import jsonschema

root, schema_path = sys.argv[1:]
with open(schema_path) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)


def load(name):
    with open(f"{root}/tests/vectors/terms/{name}") as file:
        return json.load(file)


def parts_of(pointer):
    return [int(p) if p.isdigit() else p for p in pointer.split("/")[1:]]


def change(document, pointer, value=None, remove=False):
    *path, last = parts_of(pointer)
    node = document
    for part in path:
        node = node[part]
    if remove:
        del node[last]
    elif isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value


example, full = load("example.json"), load("full.json")
for name, document in (("example", example), ("full", full)):
    errors = [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(document)]
    assert not errors, (name, errors)

# A refusal of the decoder that is about structure is one of the schema too.
STRUCTURAL = {"unknown_field", "missing_field"}
rejected = 0
for vector in load("refusals.json"):
    document = copy.deepcopy(example)
    for pointer, value in vector.get("set", {}).items():
        change(document, pointer, value)
    if "remove" in vector:
        change(document, vector["remove"], remove=True)
    valid = validator.is_valid(document)
    assert not (valid and vector["code"] in STRUCTURAL), vector
    rejected += not valid
assert rejected >= 50, rejected


# Every object of the full vector: a member more, a required one less, one of another type.
def objects(node, path=""):
    if isinstance(node, dict):
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from objects(value, f"{path}/{key}")


faults = 0
for path in objects(full):
    node = full
    for part in parts_of(path):
        node = node[part]
    for member, value in list(node.items()) + [("colour", None)]:
        document = copy.deepcopy(full)
        other = "red" if value is None else 7 if isinstance(value, str) else "seven"
        change(document, f"{path}/{member}", other)
        assert not validator.is_valid(document), f"{path}/{member}"
        faults += 1
print(f"{rejected} refusals and {faults} faults found by the schema")
