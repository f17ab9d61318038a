"""Checks the documents against the program: documents_test.py VHOOKD.

Every ```yaml sample in README.md and docs/ passes `vhookd check`, and an excerpt (```yml) has known keys only; every `vhookd …` that
a reader is asked to type is a known command with known options; docs/configuration.md has each key of the schema, with its default, and no
other; links between documents have a target, and the tests that they name exist; `vhookd demo` prints what README.md shows of it."""
import glob, json, os, re, subprocess, sys, tempfile

import yaml

vhookd = sys.argv[1]
top = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
documents = [os.path.join(top, "README.md")] + sorted(glob.glob(top + "/docs/**/*.md", recursive=True))
faults, samples, commands = [], 0, 0
hmac_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def check(path, text):
    with tempfile.TemporaryDirectory(prefix="vhookd-docs.") as folder:
        for name in set(re.findall(r"\$\{credential:([^}]+)\}", text)):
            with open(os.path.join(folder, name), "w") as file:
                file.write(hmac_secret if "secret" in name else "a-long-enough-token")
        for name in set(re.findall(r"\$\{file:([^}]+)\}", text)):
            with open(os.path.join(folder, "file"), "w") as file:
                file.write("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            text = text.replace(name, os.path.join(folder, "file"))
        environment = {**os.environ, **{name: hmac_secret if "SECRET" in name else "value" for name in re.findall(r"\$\{env:([^}]+)\}", text)}, "CREDENTIALS_DIRECTORY": folder}
        sample = os.path.join(folder, "sample.yaml")
        with open(sample, "w") as file:
            file.write(text)
        run = subprocess.run([vhookd, "check", "--config", sample], capture_output=True, text=True, env=environment)
        if run.returncode != 0:
            faults.append(f"{path}: {run.stderr.replace(sample, 'the sample')}{text}")


def keys_of(schema, path=""):
    """Dotted names of the keys, each with its description; keys of a webhook, of defaults and of a connection without that prefix."""
    found = {}
    for name, part in schema.get("properties", {}).items():
        below = part.get("items") if name == "webhooks" else part.get("additionalProperties") if name == "connections" else part
        if name in ("defaults", "webhooks", "connections"):
            found |= {name: ""} | keys_of(below)
        elif part.get("properties") and name != "filters":
            found |= keys_of(part, path + name + ".")
        else:
            found[path + name] = part.get("description", "")
    return found


def helped(words):
    """The subcommands and the options of this command."""
    said = subprocess.run([vhookd, *words, "--help"], capture_output=True, text=True, check=True).stdout
    below = said.partition("\nSubcommands:")[2]
    return set(re.findall(r"^  ([a-z]+) ", below, re.M)), set(re.findall(r"^  (?:-[a-z],)?(--[a-z0-9-]+)", said, re.M))


# By command: its subcommands and options.
helps = {"": helped([])}
for name in helps[""][0]:
    helps[name] = helped([name])
    helps |= {name + " " + word: helped([name, word]) for word in helps[name][0]}


def commands_of(text):
    """Each `vhookd …` in the text that a reader is asked to type, without the rest of its line."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S).replace("\n", " ")
    typed = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) + re.findall(r"`([^`]+)`", prose)
    # Comments are left out; after the name of a user, a unit or a package no command follows.
    return [words for line in "\n".join(typed).splitlines()
            for words in re.findall(r"(?:^|[\s(&]|bin/)vhookd((?: --(?:config|state|log-level) \S+)*(?: [a-z][^;|&)>#]*))", line)]


def check_command(path, words):
    words = words.split()
    while words and words[0].startswith("--"):
        words = words[2:]
    name = words[0]
    if len(words) > 1 and helps.get(name, (set(), set()))[0]:
        name += " " + words[1]
    if name not in helps:
        faults.append(f"{path}: there is no command vhookd {name}")
        return
    for option in (word.split("=")[0] for word in words if word.startswith("--")):
        if option not in helps[name][1] | helps[""][1]:
            faults.append(f"{path}: vhookd {name} knows no {option}")


for path in documents:
    text = open(path).read()
    short = os.path.relpath(path, top)
    for words in commands_of(text):
        commands += 1
        check_command(short, words)
    for sample in re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S):
        try:
            json.loads(sample)
        except ValueError as fault:
            faults.append(f"{short}: {fault}: {sample}")
    for sample in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
        samples += 1
        check(short, sample)
    for name in re.findall(r"`(?:tests/)?([a-z_/]+_test\.(?:cc|py))`", text):
        if not os.path.exists(os.path.join(top, "tests", name)):
            faults.append(f"{short}: there is no test {name}")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not os.path.exists(os.path.join(os.path.dirname(path), link)):
            faults.append(f"{short}: the link {link} leads nowhere")

schema = keys_of(json.loads(subprocess.run([vhookd, "schema"], capture_output=True, text=True, check=True).stdout))
for path in documents:
    for part in re.findall(r"^```yml\n(.*?)^```$", open(path).read(), re.M | re.S):
        keys = {f"{name}.{key}" for name, held in yaml.safe_load(part).items() if isinstance(held, dict) for key in held}
        faults += [f"{os.path.relpath(path, top)}: {key} is no key" for key in keys - schema.keys()]
reference = open(os.path.join(top, "docs/configuration.md")).read()
said = {name: line.split("|")[3] for line in reference.splitlines() if line.startswith("| `")
        for name in re.findall(r"`([a-z_.]+)`", line.split("|")[1])}
faults += [f"docs/configuration.md lacks {key}" for key in sorted(schema.keys() - said.keys())]
faults += [f"docs/configuration.md has {key}, which is no key" for key in sorted(said.keys() - schema.keys())]
for key in schema.keys() & said.keys():
    default = re.search(r"Default ([^ .;,]+)", schema[key])
    if default and default[1] not in said[key]:
        faults.append(f"docs/configuration.md says of {key} that its default is{said[key]}, the schema says {default[1]}")
demo = re.search(r"^The demo ends like this:\n\n```\n(.*?)^```$", open(documents[0]).read(), re.M | re.S)[1]
shown = subprocess.run([vhookd, "demo"], capture_output=True, text=True, check=True, timeout=120).stdout
faults += [f"README.md: vhookd demo does not print: {line}" for line in demo.splitlines() if re.sub(r"\d+", "0", line) not in re.sub(r"\d+", "0", shown)]
if samples < 7 or len(schema) < 40 or commands < 60:
    faults.append(f"only {samples} samples, {commands} commands and {len(schema)} keys were found")

print("\n".join(faults))
print(f"{samples} samples, {commands} commands, {len(schema)} keys, {len(documents)} documents, {len(faults)} faults")
sys.exit(1 if faults else 0)
