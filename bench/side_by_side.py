"""Workloads that are a race: every program does the same work against the same servers, in turn."""
import os
import socket
import statistics
import subprocess
import sys

from daemon import VHOOKD, once, write_config
from measured import BUILD, HERE, Failed, Receiver, Run, tree_cpu_s
from sources import MariaDB, SQLite

PEERS = os.path.join(BUILD, "bench/peers")


def one(folder, label, make_command, source, records, options=(), scheme="http", timeout_s=200):
    """Runs a program against a fresh receiver until `records` have arrived."""
    receiver = Receiver(*options, scheme=scheme)
    database = tree_cpu_s(source.pid) if source and source.pid else 0.0
    run = Run(make_command(receiver.url), os.path.join(folder, label.replace(" ", "-") + ".log"))
    came = receiver.wait_for(records, timeout_s, run.alive)
    stats = receiver.stats()
    cpu_s, peak_mib = run.finish()
    database = tree_cpu_s(source.pid) - database if source and source.pid else 0.0
    receiver_s = receiver.stop()
    if not came or stats["records"] != records:
        raise Failed(f"{label} brought {stats['records']} of {records} records: {open(run.log.name).read()[-400:]}")
    seconds = (stats["last_ns"] - run.started_ns) / 1e9
    return {"records": records, "seconds": seconds, "rate": records / seconds, "cpu_s": cpu_s, "database_cpu_s": database,
            "receiver_cpu_s": receiver_s, "peak_mib": peak_mib, "posts": stats["posts"]}


def race(bench, name, title, unit, programs, full):
    """programs: label -> function that makes one measurement. All once, then all again: the median of the runs counts."""
    got = {label: [] for label in programs}
    for turn in range(bench.runs):
        for label, measure in programs.items():
            got[label].append(measure())
            print(f"  {name} {label} {turn + 1}: {got[label][-1]['rate']:,.0f} {unit}", file=sys.stderr, flush=True)
    middle = {label: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for label, runs in got.items()}
    result = {"name": name, "kind": "race", "title": title, "unit": unit, "full": full and bench.runs >= 5, "runs": bench.runs,
              "median": middle, "rates": {label: [run["rate"] for run in runs] for label, runs in got.items()}}
    bench.add(result, table(result))


COLUMNS = ("{:12} {:>10} {:>10} {:>10} {:>9} {:>8} {:>10} {:>10} {:>9} {:>7}")


def table(result):
    first = next(iter(result["median"].values()))
    lines = [COLUMNS.format("", result["unit"], "least", "greatest", "is", "CPU s", "µs/record", "database s", "receiver s", "MiB")]
    for label, m in result["median"].items():
        rates = result["rates"][label]
        share = "" if m is first else f"{first['rate'] / m['rate']:.2f} x"
        lines.append(COLUMNS.format(label, f"{m['rate']:,.0f}", f"{min(rates):,.0f}", f"{max(rates):,.0f}", share, f"{m['cpu_s']:.2f}",
                                    f"{1e6 * m['cpu_s'] / m['records']:.2f}", f"{m['database_cpu_s']:.2f}",
                                    f"{m['receiver_cpu_s']:.2f}", f"{m['peak_mib']:.1f}"))
    return lines


def _sync(bench, source, page_max_limit=1000, more=None):
    """A command that sends the whole table `orders` once."""
    def command(url):
        hook = {"id": "orders", "object_type": "orders", "include_all": True, "page_max_limit": page_max_limit,
                "interval": "1h", "hook_url": url, **(more or {})}
        return once(write_config(bench.folder, source, [hook]))
    return command


def _first_sync(bench, name, source, peers):
    """peers: label -> (share of the rows it is given, command by table and url). A slow peer gets fewer rows, so that the whole
    ends in time: its rate is what counts."""
    source.make(["orders"], bench.rows)
    parts = sorted({share for share, _ in peers.values() if share > 1})
    for share in parts:
        source.make([f"orders_{share}"], bench.rows // share)
    programs = {
        "vhookd": lambda: one(bench.folder, f"{name} vhookd", _sync(bench, source), source, bench.rows),
        "floor": lambda: one(bench.folder, f"{name} floor", lambda url: [os.path.join(BUILD, "bench/bench_floor"), source.floor,
                                                                          source.floor_source, "orders", url, "1000"], source, bench.rows)}
    for label, (share, command) in peers.items():
        asked = "orders" if share == 1 else f"orders_{share}"
        programs[label] = lambda label=label, share=share, command=command, asked=asked: one(
            bench.folder, f"{name} {label}", lambda url: command(asked, url), source, bench.rows // share)
    fewer = "".join(f"; {label} {PARTS[share]}" for label, (share, _) in peers.items() if share > 1)
    race(bench, name, f"first sync of {bench.rows:,} rows of {source.name}, pages of 1000, signed and durable{fewer}", "rows/s", programs,
         bench.rows >= 1_000_000)


PARTS = {2: "half of them", 5: "a fifth", 10: "a tenth"}


def w1(bench):
    source = bench.postgres()
    _first_sync(bench, "W1", source, {
        "node": (2, lambda t, url: ["node", os.path.join(PEERS, "node.mjs"), source.url, t, url, "1000"]),
        "python": (10, lambda t, url: ["/usr/bin/python3", os.path.join(HERE, "peers/python.py"), source.url, t, url, "1000"]),
        "psql+curl": (10, lambda t, url: [os.path.join(HERE, "peers/psql_curl"), source.url, t, url, "1000"])})


def w2(bench):
    source = MariaDB(bench.urls["mariadb"], bench.server("mariadb"))
    _first_sync(bench, "W2m", source, {
        "node": (5, lambda t, url: ["node", os.path.join(PEERS, "node.mjs"), source.node_url, t, url, "1000"])})
    _first_sync(bench, "W2s", SQLite(bench.folder), {})


def w3(bench):
    source, webhooks, rows = bench.postgres(), 16, bench.scale * 500
    tables = [f"t{i}" for i in range(webhooks)]
    source.make(tables, rows)

    def vhookd(url):
        hooks = [{"id": t, "object_type": t, "include_all": True, "page_max_limit": 1, "interval": "1h", "hook_url": url} for t in tables]
        return once(write_config(bench.folder, source, hooks))

    total = webhooks * rows
    race(bench, "W3", f"one record a POST, {webhooks} webhooks, {total:,} POSTs", "POSTs/s", {
        "vhookd": lambda: one(bench.folder, "W3 vhookd", vhookd, source, total),
        "curl multi": lambda: one(bench.folder, "W3 posts", lambda url: [os.path.join(BUILD, "bench/bench_posts"), url, str(webhooks),
                                                                         str(total)], None, total)}, bench.scale >= 10)


def many_tables(bench, source, tables, url):
    hooks = [{"id": t, "object_type": t, "include_all": True, "interval": "1h", "hook_url": url} for t in tables]
    return once(write_config(bench.folder, source, hooks))


def w4(bench):
    source, tables = bench.postgres(), [f"t{i}" for i in range(bench.scale * 100)]
    source.make(tables, 10)
    total = len(tables) * 10
    race(bench, "W4", f"{len(tables):,} tables with 10 changed rows each", "rows/s", {
        "vhookd": lambda: one(bench.folder, "W4 vhookd", lambda url: many_tables(bench, source, tables, url), source, total),
        "node": lambda: one(bench.folder, "W4 node", lambda url: ["node", os.path.join(PEERS, "node.mjs"), source.url, ",".join(tables),
                                                                  url, "500"], source, total)}, bench.scale >= 10)


def w9(bench):
    """A certificate made for the run vouches for the receiver; connections are kept alive in both."""
    source, rows = bench.postgres(), bench.rows // 2
    source.make(["orders"], rows)
    cert, key = os.path.join(bench.folder, "receiver.crt"), os.path.join(bench.folder, "receiver.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    tls = {"tls": {"ca": cert}}
    race(bench, "W9", f"HTTPS kept alive against HTTP, first sync of {rows:,} rows, pages of 1000", "rows/s", {
        "https": lambda: one(bench.folder, "W9 https", _sync(bench, source, more=tls), source, rows, ("--tls", cert, key), "https"),
        "http": lambda: one(bench.folder, "W9 http", _sync(bench, source), source, rows)}, bench.rows >= 1_000_000)
    few = bench.scale * 2000
    source.make(["orders"], few)
    race(bench, "W9p", f"the same, one record a POST, {few:,} POSTs of one webhook", "POSTs/s", {
        "https": lambda: one(bench.folder, "W9p https", _sync(bench, source, 1, tls), source, few, ("--tls", cert, key), "https"),
        "http": lambda: one(bench.folder, "W9p http", _sync(bench, source, 1), source, few)}, bench.scale >= 10)


def w10(bench):
    """The same work with and without one webhook whose receiver takes connections and never answers."""
    source, tables = bench.postgres(), [f"t{i}" for i in range(bench.scale * 100)]
    source.make(tables, 10)
    total = len(tables) * 10
    with socket.create_server(("127.0.0.1", 0), backlog=64) as dead:
        silent = f"http://127.0.0.1:{dead.getsockname()[1]}/"

        def command(url, more):
            hooks = [{"id": t, "object_type": t, "include_all": True, "interval": "1h", "hook_url": url} for t in tables]
            return [VHOOKD, "run", "--log-level", "error", "--config", write_config(bench.folder, source, hooks + more)]

        sick = [{"id": "dead", "object_type": tables[0], "include_all": True, "page_max_limit": 1, "interval": "1s", "hook_url": silent,
                 "timeout": "5s"}]
        race(bench, "W10", f"{len(tables):,} webhooks with 10 rows each, and one whose receiver never answers", "rows/s", {
            "one dead": lambda: one(bench.folder, "W10 dead", lambda url: command(url, sick), source, total),
            "all alive": lambda: one(bench.folder, "W10 alive", lambda url: command(url, []), source, total)}, bench.scale >= 10)
