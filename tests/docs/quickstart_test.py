"""Runs docs/quickstart-*.md. The section "Try it" is run literally and in order: SQL on a real server, shell commands in one shell, the YAML
saved where the page says, and each expected output is waited for. Only the servers' addresses, the ports and the folder are replaced. Then
the YAML under "In production" is run with the role that the page's SQL creates. quickstart_test.py VHOOKD SERVERS-FOLDER. A server that is not
in this run is reported as SKIPPED, and the exit code is 77."""
import glob, http.server, json, os, re, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, threading, time, urllib.parse

vhookd, servers = sys.argv[1:3]
docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")
# The table that the YAML under "In production" polls.
patience_s = 60
orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, status VARCHAR(20), total DECIMAL(9, 2))"


class Hook(http.server.BaseHTTPRequestHandler):
    pages = []

    def do_POST(self):
        page = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Hook.pages.append((page["webhook"]["id"], [record["id"] for record in page["data"]]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Postgres:
    def __init__(self, url):
        self.url, self.shop = url, url.rsplit("/", 1)[0] + "/shop"
        self.psql = shutil.which("psql") or sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))[-1]
        self.clean()
        self.address = "127.0.0.1:5432", f"127.0.0.1:{urllib.parse.urlsplit(url).port}"
        self.db_url = f"postgresql://vhookd:choose-one@{self.address[1]}/shop"

    def create(self):
        self.run("CREATE DATABASE shop", self.url)

    def first(self, sql):
        self.run(sql, self.url)

    def run(self, sql, url=None):
        subprocess.run([self.psql, "-qAt", "-v", "ON_ERROR_STOP=1", url or self.shop], input=sql, text=True, check=True)

    def clean(self):
        for sql in ("DROP DATABASE IF EXISTS shop WITH (FORCE)", "DROP ROLE IF EXISTS vhookd"):
            self.run(sql, self.url)


class Supabase(Postgres):
    """Plain PostgreSQL in place of a project, whose database and address it can't have."""
    def __init__(self, url):
        super().__init__(url)
        self.address = "vhookd.${env:SUPABASE_PROJECT}:${env:SHOP_PASSWORD}@pooler.example:5432/postgres?sslmode=require", \
            f"vhookd:${{env:SHOP_PASSWORD}}@{self.address[1]}/shop"

    def first(self, sql):
        self.create()
        self.run(sql)

    def run(self, sql, url=None):
        super().run(sql, url)
        if sql == orders:
            super().run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")


class Mysql:
    def __init__(self, url):
        self.place = urllib.parse.urlsplit(url)
        self.clean()
        self.address = "127.0.0.1:3306", f"127.0.0.1:{self.place.port}"
        self.db_url = f"mysql://vhookd:choose-one@{self.address[1]}/shop"

    def create(self):
        self.run("CREATE DATABASE shop", "")

    def first(self, sql):
        self.run(sql, "")

    def run(self, sql, database="shop"):
        subprocess.run(["mariadb", "--host=127.0.0.1", f"--port={self.place.port}", f"--user={self.place.username}", database], input=sql,
                       text=True, check=True, env={**os.environ, "MYSQL_PWD": urllib.parse.unquote(self.place.password or "")})

    def clean(self):
        self.run("DROP DATABASE IF EXISTS shop; DROP USER IF EXISTS vhookd", "")


class Sqlite:
    def __init__(self, _):
        self.folder = tempfile.mkdtemp(prefix="vhookd-quickstart.")
        self.db_url = f"sqlite://{self.folder}/shop.db"
        self.address = "sqlite:///tmp/vhookd-try/shop.db", self.db_url

    def create(self):
        os.remove(self.folder + "/shop.db")

    def first(self, sql):
        self.run(sql)

    def run(self, sql):
        with sqlite3.connect(self.folder + "/shop.db") as shop:
            shop.executescript(sql)

    def clean(self):
        shutil.rmtree(self.folder)


def once(config, state, folder):
    Hook.pages.clear()
    run = subprocess.run([vhookd, "run", "--once", "--config", config, "--state", state], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "CREDENTIALS_DIRECTORY": folder})
    assert run.returncode == 0, run.stderr
    return sorted(Hook.pages)


class Shell:
    """One bash that gets block after block, as somebody types them. What it and its background jobs print is in one file."""
    def __init__(self, folder):
        self.said, self.read, self.blocks = open(folder + "/said", "w+"), 0, 0
        environment = {**os.environ, "PATH": os.path.dirname(vhookd) + ":" + os.environ["PATH"]}
        self.bash = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=self.said, stderr=self.said, text=True, cwd=folder,
                                     env=environment, start_new_session=True)

    def run(self, block):
        self.blocks += 1
        self.bash.stdin.write(f"set -e\n{block}\necho block {self.blocks} ended\n")
        self.bash.stdin.flush()
        self.wait(f"block {self.blocks} ended\n")

    def text(self):
        """With one space for several, and without the times of day."""
        self.said.flush()
        with open(self.said.name) as file:
            return re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", re.sub(r" +", " ", file.read()))

    def wait(self, text):
        end = time.monotonic() + patience_s
        while text not in self.text():
            assert self.bash.poll() is None and time.monotonic() < end, f"waited for {text!r} in:\n{self.text()}"
            time.sleep(0.02)

    def expect(self, block):
        self.wait(re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", re.sub(r" +", " ", block)))

    def close(self):
        self.bash.stdin.close()
        try:
            os.killpg(self.bash.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.bash.wait(patience_s)
        self.said.close()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def every_webhook_was_checked(folder, config):
    """A deletion counts from a webhook's first poll on."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        status = subprocess.run([vhookd, "status", "--json", "--config", config, "--state", folder + "/state"], capture_output=True, text=True,
                                env={**os.environ, "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "SHOP_PASSWORD": "choose-one"})
        if status.returncode == 0 and all(webhook.get("checked_at") for webhook in json.loads(status.stdout)):
            return
        time.sleep(0.05)
    raise AssertionError("not every webhook was checked: " + status.stdout + status.stderr)


def try_it(document, database):
    section = document.partition("## Try it\n")[2].partition("\n## In production")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.M | re.S)
    kinds = [kind for kind, _ in blocks]
    assert kinds.count("text") == 3 and kinds.count("sql") >= 3 and kinds.count("sh") == 3 and kinds.count("yaml") == 1, kinds
    receiver, page = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="vhookd-quickstart.") as folder:
        shell, first, running = Shell(folder), True, False
        try:
            for kind, text in blocks:
                text = text.replace(*database.address).replace("/tmp/vhookd-try", folder).replace("127.0.0.1:8421", f"127.0.0.1:{receiver}")
                if kind == "sql":
                    if running:
                        every_webhook_was_checked(folder, folder + "/vhookd.yaml")
                    (database.first if first else database.run)(text)
                    first = False
                elif kind == "yaml":
                    with open(folder + "/vhookd.yaml", "w") as out:
                        out.write(text + f"api: {{listen: '127.0.0.1:{page}'}}\n")
                elif kind == "sh":
                    running = running or "vhookd run" in text
                    shell.run(text.replace("vhookd receive", f"vhookd receive --port {receiver}"))
                elif kind == "text":
                    shell.expect(text)
            shell.wait("all of them verified, no gap")
        finally:
            shell.close()


def in_production(name, document, database, port):
    database.create()
    database.run(orders + (";ALTER TABLE orders ADD COLUMN updated_at TEXT DEFAULT '2026-01-01 00:00:00.000'" if name == "sqlite" else ""))
    start, end = document.index("## Try it"), document.index("## In production")
    for sql in re.finditer(r"^ *```sql\n(.*?)^ *```$", document, re.M | re.S):
        if not start < sql.start() < end or re.search("GRANT|CREATE POLICY", sql[1]):
            database.run(sql[1])
    database.run("INSERT INTO orders (id, status, total) VALUES (1, 'open', 9.5), (2, 'open', 1)")
    sample = re.search(r"^```yaml\n(.*?)^```$", document[end:], re.M | re.S)[1]
    changed, *gone = re.findall(r"- id: (\S+)", sample)
    assert gone or name == "supabase"
    sample = re.sub(r"(?m)db_url: .*$", "db_url: " + database.db_url, sample)
    sample = re.sub(r"(?m)hook_url: .*$", f"hook_url: http://127.0.0.1:{port}/\n    include_all: true", sample)
    sample = re.sub(r"(?m)^(    event: deleted(?:\n    .*)*?)\n    include_all: true", r"\1", sample)
    with tempfile.TemporaryDirectory(prefix="vhookd-quickstart.") as folder:
        config, state = folder + "/vhookd.yaml", folder + "/state"
        for file, text in ((config, sample), (folder + "/hook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")):
            with open(file, "w") as out:
                out.write(text)
        probe = subprocess.run([vhookd, "check", "--probe", "--config", config], capture_output=True, text=True, timeout=120,
                               env={**os.environ, "CREDENTIALS_DIRECTORY": folder})
        assert probe.returncode == 0, probe.stdout + probe.stderr
        assert name == "sqlite" or "may write" not in probe.stdout, probe.stdout
        got = once(config, state, folder)
        assert got == [(changed, [1, 2])], got
        database.run("UPDATE orders SET status = 'paid' WHERE id = 1")
        database.run("DELETE FROM orders WHERE id = 2")
        got, wanted = once(config, state, folder), [(changed, [1])]
        if gone:
            wanted.append((gone[0], [2]))
        assert got == wanted, got


urls = dict(line.rstrip("\n").split("=", 1) for line in open(os.path.join(servers, "urls")) if "=" in line and not line.startswith("#"))
postgres = next((url for server, url in urls.items() if server.startswith("postgres")), None)
hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
counts = {"passed": 0, "failed": 0, "skipped": 0}
for name, kind, url in (("sqlite", Sqlite, ""), ("postgres", Postgres, postgres), ("supabase", Supabase, postgres), ("mariadb", Mysql, urls.get("mariadb")),
                        ("mysql", Mysql, urls.get("mysql"))):
    if url is None:
        result, why = "skipped", "no such server in this run"
    else:
        document = open(os.path.join(docs, f"quickstart-{name}.md")).read()
        database = kind(url)
        try:
            try_it(document, database)
            if name != "sqlite":
                database.clean()
            in_production(name, document, database, hook.server_address[1])
            result, why = "passed", ""
        except (AssertionError, subprocess.CalledProcessError) as fault:
            result, why = "failed", str(fault)
        database.clean()
    counts[result] += 1
    print(f"{result:8} {name}  {why}", flush=True)
print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped" + (": SKIPPED, see above" if counts["skipped"] else ""))
sys.exit(1 if counts["failed"] else 77 if counts["skipped"] else 0)
