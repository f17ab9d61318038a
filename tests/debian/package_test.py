"""What the package holds: package_test.py FOLDER, in which debian/build has made it. Nothing is installed: tests/systemd/nspawn does that."""
import glob, gzip, os, re, subprocess, sys, tempfile

packages = glob.glob(os.path.join(sys.argv[1], "vhookd_*.deb"))
assert len(packages) == 1, packages
wanted = """/etc/vhookd/vhookd.yaml /lib/systemd/system/vhookd.service /usr/bin/vhookd /usr/share/man/man1/vhookd.1.gz
/usr/share/man/man5/vhookd.yaml.5.gz /usr/share/bash-completion/completions/vhookd /usr/share/zsh/vendor-completions/_vhookd
/usr/share/fish/vendor_completions.d/vhookd.fish /usr/share/vhookd/vhookd.schema.json /usr/share/doc/vhookd/README.md
/usr/share/doc/vhookd/changelog.gz /usr/share/doc/vhookd/copyright /usr/share/doc/vhookd/monitoring/vhookd.rules.yaml
/usr/share/doc/vhookd/monitoring/vhookd-dashboard.json""".split()
faults = []


def said(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=True, **more).stdout


def check_owners():
    for line in said("dpkg-deb", "-c", packages[0]).splitlines():
        mode, owner = line.split()[:2]
        if owner != "root/root" or mode[5] == "w" or mode[8] == "w" or "s" in mode:
            faults.append("owner or mode: " + line)


def check_links():
    """Documents lie elsewhere than in the sources; their links must hold there too."""
    documents = glob.glob("usr/share/doc/vhookd/**/*.md", recursive=True)
    assert len(documents) > 10
    for path in documents:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", open(path).read()):
            if not os.path.exists(os.path.join(os.path.dirname(path), link)):
                faults.append(f"/{path}: the link {link} leads nowhere")


def check_manual():
    for path in glob.glob("usr/share/man/man*/*.gz"):
        for line in gzip.open(path, "rt").read().splitlines():
            if line.startswith("\t"):  # printed as it is: the line would stand out of its paragraph
                faults.append(f"/{path}: begins with a tab: {line}")


def check_configuration(folder):
    """The example is right as it is, and with all that is commented out in it."""
    example = open("etc/vhookd/vhookd.yaml").read()
    whole = re.sub(r"(?m)^#(?=  |[a-z]+:)", "", example).replace(": {}\n", ":\n").replace(": []\n", ":\n")
    assert "paid-orders" in whole and "egress:" in whole
    for name in re.findall(r"\$\{credential:([a-z-]+)\}", whole):
        with open(os.path.join(folder, name), "w") as file:
            file.write("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for text in (example, whole):
        with open(os.path.join(folder, "vhookd.yaml"), "w") as file:
            file.write(text)
        run = subprocess.run(["usr/bin/vhookd", "check", "--config", os.path.join(folder, "vhookd.yaml")], capture_output=True, text=True,
                             env={**os.environ, "CREDENTIALS_DIRECTORY": folder})
        if run.returncode != 0:
            faults.append(f"/etc/vhookd/vhookd.yaml: {run.stderr}{text}")


with tempfile.TemporaryDirectory(prefix="vhookd-package.") as folder:
    said("dpkg-deb", "-x", packages[0], folder + "/files")
    said("dpkg-deb", "-e", packages[0], folder + "/control")
    os.chdir(folder + "/files")
    faults += [path + " is not in the package" for path in wanted if not os.path.isfile("." + path)]
    if not os.path.isdir("etc/vhookd/conf.d"):
        faults.append("/etc/vhookd/conf.d is not in the package")
    if open("../control/conffiles").read().split() != ["/etc/vhookd/vhookd.yaml"]:
        faults.append("conffiles: " + open("../control/conffiles").read())
    if open("usr/share/vhookd/vhookd.schema.json").read() != said("usr/bin/vhookd", "schema"):
        faults.append("the schema is not the program's")
    check_owners()
    check_links()
    check_manual()
    check_configuration(folder)
    os.chdir("/")

print("\n".join(faults))
print(f"{os.path.basename(packages[0])}: {len(faults)} faults")
sys.exit(1 if faults else 0)
