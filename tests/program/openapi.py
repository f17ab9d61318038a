#!/usr/bin/env python3
"""Holds a running vhookd to the OpenAPI document it serves. openapi.py PORT TOKEN API-SOURCE HOOK-URL

The routes of the API are those of the document; every answer has a status and a body the document tells of.
Exit 77: python3-jsonschema is missing, and nothing was tested.
"""

import json
import re
import sys
import urllib.error
import urllib.request

try:
    import jsonschema
except ImportError as missing:
    print(f"{missing}; install python3-jsonschema")
    sys.exit(77)

port, token, source, hook_url = sys.argv[1:]
faults = []


def ask(method, target, body=None, authorized=True):
    headers = {"authorization": "Bearer " + token} if authorized else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


status, headers, raw = ask("GET", "/openapi.json")
assert status == 200 and headers["content-type"] == "application/json", status
document = json.loads(raw)


def resolve(node):
    while "$ref" in node:
        at = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        node = at
    return node


def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


for node in refs(document):
    resolve(node)  # fails where it leads nowhere

# Every route of the program but the page's own, and none else.
routes = set(re.findall(r'Route\{"([A-Z]+)", "([^"]+)"', open(source, encoding="utf-8").read()))
routes = {(m, p) for m, p in routes if not p.startswith(("/webhook/", "/control/", "/app.", "/icon.")) and p != "/"}
methods = {"get", "put", "post", "patch", "delete"}
told = {(m.upper(), p) for p, item in document["paths"].items() for m in item if m in methods}
for missing in routes - told:
    faults.append(f"the document does not tell of {missing}")
for invented in told - routes:
    faults.append(f"there is no route {invented}")

store = {"": document}
seen = set()


def check(method, path, target=None, body=None, authorized=True, want=200):
    operation = document["paths"][path][method.lower()]
    status, headers, raw = ask(method, target or path.replace("{id}", "w"), body, authorized)
    seen.add((method, path))
    where = f"{method} {target or path} {status}"
    if status != want:
        faults.append(f"{where}: {want} was expected: {raw[:300]}")
    if str(status) not in operation["responses"]:
        faults.append(f"{where}: the document tells of no such status")
        return None
    response = resolve(operation["responses"][str(status)])
    kind = headers["content-type"].split(";")[0]
    if kind not in response["content"]:
        faults.append(f"{where}: {kind} is not told of")
        return None
    if kind != "application/json":
        return raw
    value = json.loads(raw)
    resolver = jsonschema.RefResolver("", document, store=store)
    validator = jsonschema.Draft202012Validator(response["content"][kind]["schema"], resolver=resolver,
                                                format_checker=jsonschema.FormatChecker())
    for fault in validator.iter_errors(value):
        faults.append(f"{where}: {list(fault.absolute_path)}: {fault.message[:300]}")
    return value


webhook = "/unified/webhook/{id}"
check("GET", "/healthz")
check("GET", "/readyz", want=503)
check("GET", "/metrics")
check("GET", "/openapi.json")
everything = "limit=9&offset=0&sort=name&order=asc&is_healthy=true&is_paused=false&connection_id=shop&object=things"
everything += "&integration_type=sqlite&env=Production&updated_gte=2020-01-01T00:00:00Z&created_lte=2999-01-01T00:00:00Z"
parameters = {p["name"] for p in document["paths"]["/unified/webhook"]["get"]["parameters"]}
assert parameters == {pair.split("=")[0] for pair in everything.split("&")}, parameters
assert len(check("GET", "/unified/webhook")) == 2
assert len(check("GET", "/unified/webhook", "/unified/webhook?" + everything)) == 1
check("GET", "/unified/webhook", "/unified/webhook?limt=1", want=400)
made = {"id": "made", "connection_id": "shop", "object_type": "things", "event": "updated", "hook_url": hook_url,
        "filters": {"id": {"gte": 1}}, "fields": "id", "workspace_id": "w1", "interval": "90s", "include_all": True}
jsonschema.Draft202012Validator(document["components"]["schemas"]["NewWebhook"],
                                resolver=jsonschema.RefResolver("", document)).validate(made)
check("POST", "/unified/webhook", body=made)
check("POST", "/unified/webhook", body=made, want=409)
check("POST", "/unified/webhook", body={"event": 1}, want=400)
check("POST", "/unified/webhook", body=made, authorized=False, want=401)
check("GET", webhook)
check("GET", webhook, "/unified/webhook/made")
check("GET", webhook, "/unified/webhook/nobody", want=404)
check("PUT", webhook, "/unified/webhook/made", {"interval": 7, "is_paused": True})
check("PATCH", webhook, body={"is_paused": True})
check("PATCH", webhook, body={"interval": 7, "is_paused": True}, want=409)
check("PATCH", webhook, "/unified/webhook/made", {"interval": -7}, want=400)
check("PUT", "/unified/webhook/{id}/trigger", want=409)
check("PUT", "/unified/webhook/{id}/resume")
check("PUT", "/unified/webhook/{id}/trigger")
check("PATCH", "/unified/webhook/{id}/trigger")
check("GET", "/unified/webhook/{id}/runs")
check("GET", "/unified/webhook/{id}/explain")
check("GET", "/unified/webhook/{id}/explain", authorized=False, want=401)
dead = check("GET", "/unified/webhook/{id}/dead", "/unified/webhook/dying/dead")
page = "/unified/webhook/dying/dead?page=" + dead[0]["page"]
assert "body" in check("GET", "/unified/webhook/{id}/dead", page)
check("POST", "/unified/webhook/{id}/replay", body={"dead": True})
check("POST", "/unified/webhook/{id}/replay", body={"all": True}, want=400)
check("DELETE", "/unified/webhook/{id}/dead", page)
check("DELETE", "/unified/webhook/{id}/dead", page, want=404)
check("DELETE", webhook, "/unified/webhook/made")
check("DELETE", webhook, want=409)
for untried in told - seen:
    faults.append(f"nothing was asked of {untried}")

print("\n".join(faults))
sys.exit(1 if faults else 0)
