"""The documents are held to the program: documents_test.py VHOOKD.

Every ```yaml sample in README.md and docs/ passes `vhookd check`; docs/configuration.md has each key of the schema and no other; links
between documents lead somewhere."""
import glob, json, os, re, subprocess, sys, tempfile

vhookd = sys.argv[1]
top = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
documents = [os.path.join(top, "README.md")] + sorted(glob.glob(top + "/docs/**/*.md", recursive=True))
faults, samples = [], 0


def check(path, text):
    with tempfile.TemporaryDirectory(prefix="vhookd-docs.") as folder:
        for name in set(re.findall(r"\$\{credential:([^}]+)\}", text)):
            with open(os.path.join(folder, name), "w") as file:
                file.write("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" if "secret" in name else "a-long-enough-token")
        for name in set(re.findall(r"\$\{file:([^}]+)\}", text)):
            with open(os.path.join(folder, "file"), "w") as file:
                file.write("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            text = text.replace(name, os.path.join(folder, "file"))
        environment = {**os.environ, **{name: "value" for name in re.findall(r"\$\{env:([^}]+)\}", text)}, "CREDENTIALS_DIRECTORY": folder}
        sample = os.path.join(folder, "sample.yaml")
        with open(sample, "w") as file:
            file.write(text)
        run = subprocess.run([vhookd, "check", "--config", sample], capture_output=True, text=True, env=environment)
        if run.returncode != 0:
            faults.append(f"{path}: {run.stderr.replace(sample, 'the sample')}{text}")


def keys_of(schema, path=""):
    """Dotted names; of what a webhook, defaults or a connection hold, without those."""
    found = set()
    for name, part in schema.get("properties", {}).items():
        below = part.get("items") if name == "webhooks" else part.get("additionalProperties") if name == "connections" else part
        if name in ("defaults", "webhooks", "connections"):
            found |= {name} | keys_of(below)
        elif part.get("properties") and name != "filters":
            found |= keys_of(part, path + name + ".")
        else:
            found.add(path + name)
    return found


for path in documents:
    text = open(path).read()
    short = os.path.relpath(path, top)
    for sample in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
        samples += 1
        check(short, sample)
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not os.path.exists(os.path.join(os.path.dirname(path), link)):
            faults.append(f"{short}: the link {link} leads nowhere")

schema = keys_of(json.loads(subprocess.run([vhookd, "schema"], capture_output=True, text=True, check=True).stdout))
reference = open(os.path.join(top, "docs/configuration.md")).read()
said = {name for line in reference.splitlines() if line.startswith("| `") for name in re.findall(r"`([a-z_.]+)`", line.split("|")[1])}
faults += [f"docs/configuration.md lacks {key}" for key in sorted(schema - said)]
faults += [f"docs/configuration.md has {key}, which is no key" for key in sorted(said - schema)]
if samples < 7 or len(schema) < 40:
    faults.append(f"only {samples} samples and {len(schema)} keys were found")

print("\n".join(faults))
print(f"{samples} samples, {len(schema)} keys, {len(documents)} documents, {len(faults)} faults")
sys.exit(1 if faults else 0)
