"""docs/monitoring: the dashboard is JSON, the alert rules pass promtool, and both use metrics that docs/operations.md lists;
operations_test checks those against the program. Exits with 77 if promtool (Debian package prometheus) is missing: the rest was checked."""
import json, os, re, shutil, subprocess, sys

import yaml

docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")


def text(path):
    return open(os.path.join(docs, path)).read()


known = set(re.findall(r"`((?:vhookd|process)_[a-z_]+)`", "\n".join(l.split("|")[1] for l in text("operations.md").splitlines() if l.startswith("| `"))))
assert len(known) > 20, known
histograms = {name for name in known if name.endswith("_seconds") and f"`{name}` | | histogram" in text("operations.md")}
known |= {name + "_bucket" for name in histograms}

board = json.loads(text("monitoring/vhookd-dashboard.json"))
rules = yaml.safe_load(text("monitoring/vhookd.rules.yaml"))
asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
asked += [variable["definition"] for variable in board["templating"]["list"] if "definition" in variable]
asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
assert len(asked) > 20
unknown = {name for expr in asked for name in re.findall(r"\b(?:vhookd|process)_[a-z_]+", expr)} - known
assert not unknown, f"no such metrics: {unknown}"
# Each metric with the labels of its line, and those of Prometheus itself.
labels = {}
for line in text("operations.md").splitlines():
    if line.startswith("| `") and "_" in line.split("|")[1]:
        for name in re.findall(r"`([a-z_]+)`", line.split("|")[1]):
            labels[name] = set(re.findall(r"`([a-z_]+)`", line.split("|")[2])) | {"job", "instance"}
for name, selected in (pair for expr in asked for pair in re.findall(r"\b((?:vhookd|process)_[a-z_]+)\{([^}]*)\}", expr)):
    for label in re.findall(r"([a-z_]+) *(?:=|!)", selected):
        assert label in labels[name.removesuffix("_bucket")] | ({"le"} if name.endswith("_bucket") else set()), f"{name} has no label {label}"
ids = [panel["id"] for panel in board["panels"]]
assert len(ids) == len(set(ids))
cells = [(x, y) for p in board["panels"] for g in [p["gridPos"]] for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24, "panels overlap"

if shutil.which("promtool") is None:
    print("metrics and JSON checked; SKIPPED: promtool is not here (Debian package prometheus)")
    sys.exit(77)
sys.exit(subprocess.run(["promtool", "check", "rules", os.path.join(docs, "monitoring/vhookd.rules.yaml")]).returncode)
