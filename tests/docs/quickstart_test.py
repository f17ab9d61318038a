"""What docs/quickstart-*.md tell an operator to type is typed: the SQL on a real server, then the YAML is run by vhookd with the role that the
SQL made. quickstart_test.py VHOOKD SERVERS-FOLDER. A server that is not in this run is said to be SKIPPED, and the whole
exits with 77."""
import glob, http.server, json, os, re, shutil, sqlite3, subprocess, sys, tempfile, threading, urllib.parse

vhookd, servers = sys.argv[1:3]
docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")
# The table of the quick starts before anything of theirs was done to it.
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
        self.run("CREATE DATABASE shop", url)
        place = urllib.parse.urlsplit(url)
        self.db_url = f"postgresql://vhookd:choose%20one@127.0.0.1:{place.port}/shop"

    def run(self, sql, url=None):
        subprocess.run([self.psql, "-qAt", "-v", "ON_ERROR_STOP=1", url or self.shop], input=sql, text=True, check=True)

    def clean(self):
        for sql in ("DROP DATABASE IF EXISTS shop WITH (FORCE)", "DROP ROLE IF EXISTS vhookd"):
            self.run(sql, self.url)


class Supabase(Postgres):
    def __init__(self, url):
        super().__init__(url)

    def run(self, sql, url=None):
        super().run(sql, url)
        if sql == orders:
            super().run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")


class Mysql:
    def __init__(self, url):
        self.place = urllib.parse.urlsplit(url)
        self.clean()
        self.run("CREATE DATABASE shop", "")
        self.db_url = f"mysql://vhookd:choose%20one@127.0.0.1:{self.place.port}/shop"

    def run(self, sql, database="shop"):
        subprocess.run(["mariadb", "--host=127.0.0.1", f"--port={self.place.port}", f"--user={self.place.username}", database], input=sql,
                       text=True, check=True, env={**os.environ, "MYSQL_PWD": urllib.parse.unquote(self.place.password or "")})

    def clean(self):
        self.run("DROP DATABASE IF EXISTS shop; DROP USER IF EXISTS vhookd", "")


class Sqlite:
    def __init__(self, _):
        self.folder = tempfile.mkdtemp(prefix="vhookd-quickstart.")
        self.db_url = f"sqlite://{self.folder}/shop.db"

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


def walk(name, database, port):
    document = open(os.path.join(docs, f"quickstart-{name}.md")).read()
    database.run(orders + (";ALTER TABLE orders ADD COLUMN updated_at TEXT DEFAULT '2026-01-01 00:00:00.000'" if name == "sqlite" else ""))
    for sql in re.findall(r"^ *```sql\n(.*?)^ *```$", document, re.M | re.S):
        database.run(sql)
    database.run("INSERT INTO orders (id, status, total) VALUES (1, 'open', 9.5), (2, 'open', 1)")
    sample = re.search(r"^```yaml\n(.*?)^```$", document, re.M | re.S)[1]
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
        assert got == [("orders-changed", [1, 2])], got
        database.run("UPDATE orders SET status = 'paid' WHERE id = 1")
        database.run("DELETE FROM orders WHERE id = 2")
        got, wanted = once(config, state, folder), [("orders-changed", [1])]
        if "orders-gone" in sample:
            wanted.append(("orders-gone", [2]))
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
        database = kind(url)
        try:
            walk(name, database, hook.server_address[1])
            result, why = "passed", ""
        except (AssertionError, subprocess.CalledProcessError) as fault:
            result, why = "failed", str(fault)
        database.clean()
    counts[result] += 1
    print(f"{result:8} {name}  {why}", flush=True)
print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped" + (": SKIPPED, see above" if counts["skipped"] else ""))
sys.exit(1 if counts["failed"] else 77 if counts["skipped"] else 0)
