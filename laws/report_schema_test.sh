#!/bin/bash
# Validates reports by their JSON Schema, with the validator of tools: report_schema_test.sh SCHEMA TOOL RENDER_SAMPLE
#
# A report with every field set is valid, and so are other reports. Broken ones are not: at each place of the full report, a
# field that is missing, unknown or of another type.
set -u
exec python3 - "$@" <<'PY'
import copy
import json
import subprocess
import sys

schema_path, tool, render_sample = sys.argv[1:]
schema = json.load(open(schema_path, encoding="utf-8"))
failures = []


def report(kind):
    return json.loads(subprocess.run([render_sample, kind, "json"], capture_output=True, check=True).stdout)


def validate(instances):
    """For each instance, the error that the validator finds, or None."""
    lines = "".join(json.dumps({"schema": schema, "instance": one}) + "\n" for one in instances)
    done = subprocess.run([tool, "validate", "--batch", "-"], input=lines, capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(instances) or any("schema_error" in answer for answer in answers):
        sys.exit(f"the validator fails: {done.stdout[:2000]}{done.stderr[:2000]}")
    return [None if answer["valid"] else answer["error"] for answer in answers]


def objects(value, place=()):
    """The places of all objects in a value that have named fields."""
    if isinstance(value, dict):
        if place[-1:] not in (("counters",), ("load_overrides",)):
            yield place
        for name, member in value.items():
            yield from objects(member, place + (name,))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, place + (index,))


def changed(full, place, change):
    value = copy.deepcopy(full)
    at = value
    for step in place:
        at = at[step]
    change(at)
    return value


kinds = ("full", "sample", "worst", "stable")
for kind, error in zip(kinds, validate([report(kind) for kind in kinds])):
    if error:
        failures.append(f"the report '{kind}' is invalid: {error}")

# What protobuf leaves out where it is not set.
may_lack = {"generated", "environment", "growth", "unresolved", "acceptance", "explanation", "stated", "requirement", "at_most", "at_least"}
full = report("full")
broken = []
places = list(objects(full))
for place in places:
    at = full
    for step in place:
        at = at[step]
    broken.append((f"{place}: a field that there is not", changed(full, place, lambda at: at.update(added_later=1))))
    for name, value in at.items():
        if name not in may_lack:
            broken.append((f"{place}: without {name}", changed(full, place, lambda at: at.pop(name))))
        for other in (None, [[]] if not isinstance(value, list) else {}, {"x": {}}, "no such word" if value != "text" else 1):
            broken.append((f"{place}: {name} is {other!r}", changed(full, place, lambda at: at.update({name: other}))))
broken += [("an empty object", {}), ("an array", []), ("another version", {**full, "version": 99})]
# Texts may be any, and `generated` is one to the validator.
errors = validate([value for _, value in broken])
for (what, _), error in zip(broken, errors):
    if error is None and not what.endswith("generated is 'no such word'"):
        failures.append(f"valid: {what}")
if len(places) < 8 or len(broken) < 300:
    failures.append(f"only {len(broken)} broken reports at {len(places)} places")
for failure in failures[:20]:
    print("FAILED:", failure, file=sys.stderr)
print(f"{len(kinds)} valid reports, {len(broken)} broken ones")
sys.exit(1 if failures else 0)
PY
