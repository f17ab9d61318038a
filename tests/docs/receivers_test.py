"""Every program in docs/receivers.md receives a real page from the built vhookd, and refuses a forged one.

receivers_test.py VHOOKD. If a language's library can't be downloaded, stand_ins/ has what the program uses of it. If
the language is not installed, the program is reported as SKIPPED, and the exit code is 77; those for Python must run.
"""
import http.client, importlib.util, os, re, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, time

vhookd = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
patience_s = 60
stand_ins = os.path.join(here, "stand_ins")
stood_in = "with a stand-in for its library, which can't be downloaded here"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def how_to_run(language, text, folder, port):
    """The command and a remark on it; without a command, the reason."""
    return {"js": node, "python": python, "go": go, "php": php}[language](text, folder, port)


def node(text, folder, _):
    found = subprocess.run([os.path.join(here, "../support/npm_package"), "standardwebhooks@1.1.1"], capture_output=True, text=True)
    if found.returncode != 0:
        return None, found.stderr.strip()
    os.symlink(os.path.join(found.stdout.strip(), "node_modules"), os.path.join(folder, "node_modules"))
    return ["node", save(folder, "receiver.mjs", text)], ""


def python(text, folder, _):
    said = ""
    if "from standardwebhooks" in text and importlib.util.find_spec("standardwebhooks") is None:
        shutil.copy(os.path.join(stand_ins, "python/standardwebhooks.py"), folder)
        said = stood_in
    return [sys.executable, save(folder, "receiver.py", text)], said


def go(text, folder, _):
    if shutil.which("go") is None:
        return None, "Go is not here (Debian package golang-go)"
    save(folder, "receiver.go", text)
    tool = lambda *words: subprocess.run(["go", *words], cwd=folder, capture_output=True, text=True, timeout=300,
                                         env={**os.environ, "GOFLAGS": "-mod=mod"})
    tool("mod", "init", "receiver")
    said = ""
    version = re.match(r"go1\.(\d+)", tool("env", "GOVERSION").stdout)
    # The library needs Go 1.21; Debian 12 has 1.19.
    if version is None or int(version[1]) < 21 or tool("mod", "tidy").returncode != 0:
        module = "github.com/standard-webhooks/standard-webhooks/libraries"
        tool("mod", "edit", f"-require={module}@v0.0.0", f"-replace={module}={stand_ins}/go")
        said = stood_in
    made = tool("build", "-o", "receiver")
    assert made.returncode == 0, made.stderr
    return [os.path.join(folder, "receiver")], said


def php(text, folder, port):
    if shutil.which("php") is None:
        return None, "PHP is not here (Debian package php-cli)"
    said = ""
    if shutil.which("composer") is None or subprocess.run(
            ["composer", "-q", "require", "standard-webhooks/standard-webhooks"], cwd=folder, stdin=subprocess.DEVNULL).returncode != 0:
        os.makedirs(os.path.join(folder, "vendor"), exist_ok=True)
        shutil.copy(os.path.join(stand_ins, "php/autoload.php"), os.path.join(folder, "vendor"))
        said = stood_in
    return ["php", "-S", f"127.0.0.1:{port}", save(folder, "receiver.php", text)], said


def save(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def send_page(folder, port):
    with sqlite3.connect(os.path.join(folder, "shop.db")) as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)")
        shop.execute("INSERT INTO orders VALUES (1, 'Zoë \u2028 \U0001f600')")
    config = save(folder, "vhookd.yaml", f"""
webhooks:
  - id: orders
    connection_id: shop
    db_url: sqlite://{folder}/shop.db
    object_type: orders
    event: updated
    include_all: true
    hook_url: http://127.0.0.1:{port}/
    secret: [whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, {secret}]
""")
    run = subprocess.run([vhookd, "--config", config, "--state", os.path.join(folder, "state"), "run", "--once"],
                         capture_output=True, text=True, timeout=patience_s)
    return run.returncode, run.stderr


def forge(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience_s)
    connection.request("POST", "/", body=b'{"webhook":{"id":"orders"},"sequence":1,"data":[]}',
                       headers={"webhook-id": "msg_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,Zm9yZ2Vk"})
    return connection.getresponse().status


def attempt(language, text):
    with tempfile.TemporaryDirectory(prefix="vhookd-receiver.") as folder:
        port = free_port()
        try:
            command, said_of_it = how_to_run(language, text, folder, port)
        except AssertionError as fault:
            return "failed", str(fault)
        if command is None:
            return "skipped", said_of_it
        with open(os.path.join(folder, "said"), "w+") as said:
            receiver = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret})
            try:
                end = time.monotonic() + patience_s
                while not listens(port) and receiver.poll() is None and time.monotonic() < end:
                    time.sleep(0.05)
                code, log = send_page(folder, port)
                forged = forge(port) if code == 0 else 0
            finally:
                receiver.send_signal(signal.SIGTERM)
                receiver.wait(patience_s)
            said.seek(0)
            words = said.read()
        if code != 0:
            return "failed", f"vhookd run --once ended with {code}: {log}\n{words}"
        if forged != 400:
            return "failed", f"a forged page was answered with {forged}"
        if not re.search(r"\borders 1 1\b", words):
            return "failed", "it did not print the page: " + words
        return "passed", said_of_it


document = open(os.path.join(here, "../../docs/receivers.md")).read()
programs = re.findall(r"^```(js|python|go|php)\n(.*?)^```$", document, re.M | re.S)
results = [(language, *attempt(language, text)) for language, text in programs]
for language, result, why in results:
    print(f"{result:8} {language}  {why}")
count = {word: sum(result == word for _, result, _ in results) for word in ("passed", "failed", "skipped")}
if {language for language, _ in programs} != {"js", "python", "go", "php"} or any(r == "skipped" for l, r, _ in results if l == "python"):
    print("a program is missing from docs/receivers.md, or one in Python did not run")
    count["failed"] += 1
print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped" + (": SKIPPED, see above" if count["skipped"] else ""))
sys.exit(1 if count["failed"] else 77 if count["skipped"] else 0)
