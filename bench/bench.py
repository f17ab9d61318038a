"""./dev bench: the workloads, every program side by side in one run on the same throwaway servers, and one table.

Each workload runs every program once in turn, then again, RUNS times; shown are the median of those (and their
least and greatest), and the ratio of medians. A ratio within a run holds on a busy machine; a time does not."""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from measured import BUILD, HERE, Receiver, Run, memory_mib, tree_cpu_s  # noqa: E402
from sources import MariaDB, Postgres, SQLite  # noqa: E402

VHOOKD = os.path.join(BUILD, "vhookd")
PEERS = os.path.join(HERE, "..", "build", "release", "bench", "peers")
SECRET = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="


class Bench:
    def __init__(self, arguments, servers):
        self.runs, self.rows, self.scale = arguments.runs, arguments.rows, arguments.scale
        self.folder = tempfile.mkdtemp(prefix="vhookd-bench-")
        self.urls, self.home = {}, open(os.path.join(servers, "home")).read().strip()
        for line in open(os.path.join(servers, "urls")):
            name, _, url = line.strip().partition("=")
            self.urls[name] = url
        self.results = []

    # ---- sources and configurations

    def server(self, name):
        return int(open(os.path.join(self.home, name + ".pid")).read())

    def postgres(self):
        return Postgres(self.urls["postgres15"], self.server("postgres15"))

    def config(self, source, webhooks, more="", state=None):
        """A configuration file in a folder of its own, with its state beside it."""
        folder = tempfile.mkdtemp(dir=self.folder)
        lines = [f"state: {state or folder}/state", "api: {listen: 'off'}", more, "connections:", "  bench:",
                 f"    db_type: {source.name}", f"    db_url: {json.dumps(source.url)}", "webhooks:"]
        for webhook in webhooks:
            lines.append("  - " + json.dumps({"connection_id": "bench", "secret": SECRET, **webhook}))
        path = os.path.join(folder, "vhookd.yaml")
        with open(path, "w") as file:
            file.write("\n".join(line for line in lines if line) + "\n")
        return path

    # ---- running

    def one(self, label, make_command, source, records, options=(), timeout_s=600, scheme="http"):
        """Runs a program against a fresh receiver until `records` have arrived."""
        receiver = Receiver(*options, scheme=scheme)
        database_before = tree_cpu_s(source.pid) if source and source.pid else 0.0
        command = make_command(receiver.url)
        run = Run(command, os.path.join(self.folder, label.replace(" ", "-") + ".log"))
        came = receiver.wait_for(records, timeout_s, run.alive)
        stats = receiver.stats()
        cpu_s, peak_mib = run.finish()
        database_s = tree_cpu_s(source.pid) - database_before if source and source.pid else 0.0
        receiver_s = receiver.stop()
        if not came or stats["records"] != records:
            raise SystemExit(f"bench: {label} brought {stats['records']} of {records} records; see {run.log.name}")
        seconds = (stats["last_ns"] - run.started_ns) / 1e9
        return {"seconds": seconds, "rate": records / seconds, "cpu_s": cpu_s, "database_cpu_s": database_s,
                "receiver_cpu_s": receiver_s, "peak_mib": peak_mib, "posts": stats["posts"]}

    def side_by_side(self, name, title, unit, programs, runs=None):
        """programs: label -> function that makes one measurement."""
        got = {label: [] for label in programs}
        for turn in range(runs or self.runs):
            for label, measure in programs.items():
                got[label].append(measure())
                print(f"  {name} {label} {turn + 1}: {got[label][-1]['rate']:,.0f} {unit}", file=sys.stderr, flush=True)
        self.report(name, title, unit, got)

    def report(self, name, title, unit, got):
        middle = {label: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for label, runs in got.items()}
        ours = middle["vhookd"]
        print(f"\n{name}  {title}")
        print(f"  {'':10} {unit:>12} {'least':>10} {'greatest':>10} {'vhookd is':>10} {'CPU s':>8} {'database':>9} {'receiver':>9} {'MiB':>7}")
        for label, m in middle.items():
            rates = [run["rate"] for run in got[label]]
            ratio = "" if label == "vhookd" else f"{ours['rate'] / m['rate']:.2f} x"
            print(f"  {label:10} {m['rate']:12,.0f} {min(rates):10,.0f} {max(rates):10,.0f} {ratio:>10} {m['cpu_s']:8.2f} "
                  f"{m['database_cpu_s']:9.2f} {m['receiver_cpu_s']:9.2f} {m['peak_mib']:7.1f}", flush=True)
        self.results.append({"name": name, "title": title, "unit": unit, "median": middle, "runs": got})

    # ---- workloads

    def first_sync(self, name, source, others):
        source.make(["orders"], self.rows)

        def vhookd(url):
            hook = {"id": "orders", "object_type": "orders", "event": "updated", "include_all": True,
                    "page_max_limit": 1000, "interval": "1h", "hook_url": url}
            return [VHOOKD, "run", "--once", "--log-level", "warn", "--config", self.config(source, [hook])]

        commands = {"vhookd": vhookd,
                    "floor": lambda url: [os.path.join(BUILD, "bench/bench_floor"), source.floor, source.floor_source,
                                          "orders", url, "1000"], **others(source)}
        self.side_by_side(name, f"first sync of {self.rows:,} rows of {source.name}, pages of 1000, signed", "rows/s", {
            label: lambda label=label, command=command: self.one(f"{name} {label}", command, source, self.rows)
            for label, command in commands.items()})

    def w1(self):
        self.first_sync("W1", self.postgres(), lambda source: {
            "node": lambda url: ["node", os.path.join(PEERS, "node.mjs"), source.url, "orders", url, "1000"],
            "python": lambda url: ["/usr/bin/python3", os.path.join(HERE, "peers/python.py"), source.url, "orders", url, "1000"],
            "psql+curl": lambda url: [os.path.join(HERE, "peers/psql_curl"), source.url, "orders", url, "1000"]})

    def w2(self):
        self.first_sync("W2m", MariaDB(self.urls["mariadb"], self.server("mariadb")), lambda source: {
            "node": lambda url: ["node", os.path.join(PEERS, "node.mjs"), source.node_url, "orders", url, "1000"]})
        self.first_sync("W2s", SQLite(self.folder), lambda source: {})

    def w3(self):
        source, webhooks, rows = self.postgres(), 16, self.scale * 1000
        source.make([f"t{i}" for i in range(webhooks)], rows)

        def vhookd(url):
            hooks = [{"id": f"t{i}", "object_type": f"t{i}", "event": "updated", "include_all": True, "page_max_limit": 1,
                      "interval": "1h", "hook_url": url} for i in range(webhooks)]
            return [VHOOKD, "run", "--once", "--log-level", "warn", "--config", self.config(source, hooks)]

        total = webhooks * rows
        self.side_by_side("W3", f"one record a POST, {webhooks} webhooks, {total:,} POSTs", "POSTs/s", {
            "vhookd": lambda: self.one("W3 vhookd", vhookd, source, total),
            "curl multi": lambda: self.one("W3 posts", lambda url: [os.path.join(BUILD, "bench/bench_posts"), url,
                                                                    str(webhooks), str(total)], None, total)})

    def w4(self):
        source, tables = self.postgres(), [f"t{i}" for i in range(self.scale * 100)]
        source.make(tables, 10)
        total = len(tables) * 10

        def vhookd(url):
            hooks = [{"id": t, "object_type": t, "event": "updated", "include_all": True, "interval": "1h", "hook_url": url}
                     for t in tables]
            return [VHOOKD, "run", "--once", "--log-level", "warn", "--config", self.config(source, hooks)]

        self.side_by_side("W4", f"{len(tables):,} tables with 10 changed rows each", "rows/s", {
            "vhookd": lambda: self.one("W4 vhookd", vhookd, source, total),
            "node": lambda: self.one("W4 node", lambda url: ["node", os.path.join(PEERS, "node.mjs"), source.url,
                                                             ",".join(tables), url, "500"], source, total)})

    def idle(self, name, webhooks, seconds):
        """CPU of daemon and database while nothing changes, from when every webhook has been polled once."""
        source, tables = self.postgres(), [f"t{i}" for i in range(min(webhooks, self.scale * 100))]
        source.make(tables, 10)
        hooks = [{"id": f"w{i}", "object_type": tables[i % len(tables)], "event": "updated", "interval": "60s",
                  "hook_url": "http://127.0.0.1:9/"} for i in range(webhooks)]
        run = Run([VHOOKD, "run", "--log-level", "warn", "--config", self.config(source, hooks)], os.path.join(self.folder, name + ".log"))
        time.sleep(75)  # all have had their first poll
        if not run.alive():
            raise SystemExit(f"bench: {name} ended; see {run.log.name}")
        before, database = tree_cpu_s(run.process.pid), tree_cpu_s(source.pid)
        time.sleep(seconds)
        mine = 100 * (tree_cpu_s(run.process.pid) - before) / seconds
        theirs = 100 * (tree_cpu_s(source.pid) - database) / seconds
        resident = memory_mib(run.process.pid, "VmRSS")
        run.finish()
        print(f"\n{name}  idle: {webhooks:,} webhooks at 60 s on {len(tables):,} tables of postgres\n"
              f"  daemon {mine:.2f} % of a core, database {theirs:.2f} %, {resident:.1f} MiB resident", flush=True)
        self.results.append({"name": name, "webhooks": webhooks, "daemon_percent": mine, "database_percent": theirs, "resident_mib": resident})

    def w5(self):
        self.idle("W5", 10_000, 60)

    def w6(self):
        self.idle("W6", 100_000, 60)

    def w7(self):
        """From the end of an interval to the receiver: a writer commits all the time, so the newest row of each
        page was committed just before the poll that brought it."""
        source = self.postgres()
        source.make(["orders"], 1000)
        receiver = Receiver("--lags")
        hook = {"id": "orders", "object_type": "orders", "event": "updated", "interval": "100ms", "hook_url": receiver.url}
        run = Run([VHOOKD, "run", "--log-level", "warn", "--config", self.config(source, [hook])], os.path.join(self.folder, "W7.log"))
        writes = "SELECT 1;" + "UPDATE orders SET updated_at = clock_timestamp() WHERE id = 1 + floor(random() * 1000);\n" * 200
        script = os.path.join(self.folder, "writes.sql")
        open(script, "w").write(writes)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            source_url = source.url
            subprocess.run(["psql", "-XAtq", source_url, "-f", script], stdout=subprocess.DEVNULL, check=True)
        lags = sorted(receiver.stats()["lags_us"][10:])
        run.finish()
        receiver.stop()
        median, p99 = lags[len(lags) // 2] / 1000, lags[len(lags) * 99 // 100] / 1000
        print(f"\nW7  from a poll's moment to the receiver, with a writer at work ({len(lags)} pages)\n"
              f"  median {median:.1f} ms, 99th percentile {p99:.1f} ms", flush=True)
        self.results.append({"name": "W7", "median_ms": median, "p99_ms": p99, "pages": len(lags)})

    def w10(self):
        """The same work with and without one webhook whose receiver takes connections and never answers."""
        import socket
        source, tables = self.postgres(), [f"t{i}" for i in range(self.scale * 100)]
        source.make(tables, 10)
        total = len(tables) * 10
        with socket.create_server(("127.0.0.1", 0), backlog=64) as dead:
            silent = f"http://127.0.0.1:{dead.getsockname()[1]}/"

            def command(url, more):
                hooks = [{"id": t, "object_type": t, "event": "updated", "include_all": True, "interval": "1h", "hook_url": url}
                         for t in tables] + more
                return [VHOOKD, "run", "--log-level", "error", "--config", self.config(source, hooks)]

            sick = [{"id": "dead", "object_type": tables[0], "event": "updated", "include_all": True, "page_max_limit": 1,
                     "interval": "1s", "hook_url": silent, "timeout": "5s"}]
            self.side_by_side("W10", f"{len(tables):,} webhooks, one receiver among them dead", "rows/s", {
                "vhookd": lambda: self.one("W10 dead", lambda url: command(url, sick), source, total),
                "all alive": lambda: self.one("W10 alive", lambda url: command(url, []), source, total)})


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="w1 … w10; all but w6 where none is named")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a first sync")
    parser.add_argument("--scale", type=int, default=10, help="W3: thousands of rows a table; W4, W5, W10: hundreds of tables")
    parser.add_argument("--servers", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", default=os.path.join(BUILD, "bench", "bench.json"))
    arguments = parser.parse_args()
    bench = Bench(arguments, arguments.servers)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for name in arguments.workloads or ["w1", "w2", "w3", "w4", "w5", "w7", "w10"]:
            getattr(bench, name)()
        with open(arguments.json, "w") as file:
            json.dump(bench.results, file, indent=1)
        print(f"\nthe same as JSON: {os.path.relpath(arguments.json)}")
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)


main()
