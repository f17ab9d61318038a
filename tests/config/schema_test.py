#!/usr/bin/env python3
"""Judges the configuration's JSON Schema with a real validator (python3-jsonschema, python3-yaml).

Every good example must satisfy it, every structurally bad one must not. Called with the program that
writes the schema. Exit 77: the packages are missing, and nothing was tested.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"SKIPPED: {missing}; install python3-jsonschema and python3-yaml to test the schema")
    sys.exit(77)

import json

HERE = pathlib.Path(__file__).parent


class Loader(yaml.SafeLoader):
    """Plain scalars as vhookd and YAML 1.2 read them: no dates, no yes and no, no octal."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
]:
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{pattern})$"), list(first))
Loader.yaml_constructors = dict(Loader.yaml_constructors)
Loader.yaml_constructors["tag:yaml.org,2002:float"] = lambda loader, node: float(node.value)

# What a schema cannot see: another key's value, another file, what a reference stands for, a decoded secret, a URL's
# parts. vhookd refuses these; an editor does not mark them.
BEYOND_A_SCHEMA = {
    "id_twice.yaml", "connection_unknown.yaml", "connection_none.yaml", "db_type_against_connection.yaml",
    "db_type_mismatch.yaml", "defaults_contradiction.yaml", "include_created_of_created.yaml",
    "detect_xid_on_sqlite.yaml", "detect_xid_deleted.yaml", "detect_timestamp_deleted.yaml",
    "retry_first_above_max.yaml", "reference_bad.yaml", "secret_in_public_texts.yaml", "api_listen_6.yaml",
    "api_listen_8.yaml", "api_listen_9.yaml", "api_listen_10.yaml",
}
for name, webhooks in {
    "environment": [1, 2, 3, 4, 6], "fields": [1, 2], "hold_if_changed_over": [2],
    "hook_url": [5, 6, 7, 9, 12, 13, 14, 15, 16, 18, 19], "id_bad": [3], "interval": [0, 2, 3, 4, 7, 13, 14],
    "key_missing": [1], "key": [0], "checked_at": [0, 1, 2], "lookback": [2], "timeout": [1, 2, 3],
}.items():
    BEYOND_A_SCHEMA |= {f"{name}.yaml[{webhook}]" for webhook in webhooks}


def parts_of(name, whole):
    """Each webhook alone, where a file has one fault in each."""
    webhooks = whole.get("webhooks") if isinstance(whole, dict) else None
    if not isinstance(webhooks, list) or len(webhooks) < 2 or len(whole) > 1 or name in BEYOND_A_SCHEMA:
        return [(name, whole)]
    return [(f"{name}[{i}]", {"webhooks": [webhook]}) for i, webhook in enumerate(webhooks)]


def main():
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([sys.argv[1], "--gtest_filter=Schema.IsWrittenForTheValidator"], check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "VHOOKD_SCHEMA_OUT": out.name})
        schema = json.loads(pathlib.Path(out.name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    faults, good, bad = [], 0, 0
    for path in sorted((HERE / "good").glob("*.yaml")):
        good += 1
        for error in validator.iter_errors(yaml.load(path.read_text(), Loader) or {}):
            faults.append(f"{path.name} is good, but: {error.json_path}: {error.message}")
    for path in sorted((HERE / "bad").glob("*.yaml")):
        if path.name.startswith("yaml_") or path.stem.startswith("key_twice"):
            continue  # no YAML that another reader would read the same
        bad += 1
        whole = yaml.load(path.read_text(), Loader)
        for name, part in parts_of(path.name, whole):
            taken = validator.is_valid(part)
            if taken and name not in BEYOND_A_SCHEMA:
                faults.append(f"{name} is bad, but the schema takes it")
            if not taken and name in BEYOND_A_SCHEMA:
                faults.append(f"{name} is refused after all; strike it from BEYOND_A_SCHEMA")
    print("\n".join(faults))
    print(f"{good} good and {bad} bad files judged, {len(faults)} faults")
    assert good >= 5 and bad >= 50
    sys.exit(1 if faults else 0)


main()
