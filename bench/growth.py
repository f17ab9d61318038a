"""./dev bench growth: how cost grows with rows a page, webhooks, tables, changed rows and idle time; a plot of each in
docs/performance/, and the figures as JSON. Between two sizes cost grows as size^e: 1 is linear, below is better; what
passes 1.15 is called superlinear. About 4 minutes; --small 2."""
import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import side_by_side
from bench import Bench, limited, machine
from daemon import NOWHERE, Daemon, idle, once, write_config
from measured import BUILD, HERE, Failed, Receiver, end_all, memory_mib, tree_cpu_s
from running import strategy_polls

PLOTS = os.path.join(HERE, "..", "docs/performance")
SUPERLINEAR = 1.15


def exponents(points, x, y, floor=0.0):
    """The exponent of growth from each point to the next; none where the figures are too small to tell (`floor`)."""
    out = []
    for before, after in zip(points, points[1:]):
        if min(before[y], after[y]) <= floor:
            out.append(None)
        else:
            out.append(math.log(after[y] / before[y]) / math.log(after[x] / before[x]))
    return out


def overall(points, x, y, floor=0.0):
    """The exponent from the first point that can be told to the last."""
    told = [point for point in points if point[y] > floor]
    found = exponents([told[0], told[-1]], x, y) if len(told) > 1 else [None]
    return found[0]


# ---- measurements: each a list of points

def page_rows(bench, small):
    """The same table in pages of 1 to 10,000 rows; small pages get fewer rows, for time."""
    source, points = bench.postgres(), []
    most = 20_000 if small else 200_000
    for size in (1, 10, 100, 1000, 10_000):
        rows = min(most, size * (1000 if small else 4000))
        source.make(["orders"], rows)
        hook = {"id": "orders", "object_type": "orders", "include_all": True, "page_max_limit": size, "interval": "1h"}
        got = side_by_side.one(bench.folder, f"pages of {size}", lambda url, hook=hook: once(write_config(
            bench.folder, source, [{**hook, "hook_url": url}])), source, rows)
        points.append({"page_rows": size, "rows": rows, "us_a_row": 1e6 * got["seconds"] / rows, "cpu_us_a_row": 1e6 * got["cpu_s"] / rows,
                       "ms_a_page": 1000 * got["seconds"] / got["posts"], "cpu_ms_a_page": 1000 * got["cpu_s"] / got["posts"],
                       "peak_mib": got["peak_mib"]})
    return points


def webhooks(bench, small, measured):
    """Up to a thousand at an interval of 10 s, more at 60 s; the CPU of being idle is told for 60 s. `measured`: W5 and W6,
    where they were run before, for the largest."""
    source, points = bench.postgres(), []
    names = [f"t{i}" for i in range(100 if small else 1000)]
    source.make(names, 10)
    for count in (10, 100, 1000):
        points.append(idle(bench.folder, source, names[:count], count, 10, f"webhooks-{count}", 10))
    if not small and not measured:
        points.append(idle(bench.folder, source, names, 10_000, 30, "webhooks-10000", 60))
    points += [point for point in measured if point["webhooks"] > 1000]
    return [{**p, "daemon_at_60": p["daemon_percent"] * p["interval_s"] / 60, "database_at_60": p["database_percent"] * p["interval_s"] / 60}
            for p in points]


def tables(bench, small):
    source, points = bench.postgres(), []
    for count in (1, 10, 100) if small else (1, 10, 100, 1000):
        names = [f"t{i}" for i in range(count)]
        source.make(names, 10)
        got = side_by_side.one(bench.folder, f"{count} tables", lambda url, names=names: side_by_side.many_tables(bench, source, names, url),
                               source, 10 * count)
        points.append({"tables": count, "seconds": got["seconds"], "cpu_s": got["cpu_s"], "database_cpu_s": got["database_cpu_s"],
                       "peak_mib": got["peak_mib"]})
    return points


def changed(bench, small):
    source, points = bench.postgres(), []
    rows = 20_000 if small else 200_000
    counts = [count for count in (1, 10, 100, 1000, 10_000, 100_000) if count <= rows]
    receiver = Receiver()
    for strategy in ("xid", "timestamp", "snapshot"):
        source.make(["orders"], rows)
        points += strategy_polls(bench, source, rows, counts, strategy, "updated", receiver.url)[1:]
    receiver.stop()
    return points


def idle_time(bench, small):
    """A poll of each of 500 webhooks a second: a minute here is nearly an hour of an interval of a minute."""
    source, names = bench.postgres(), [f"t{i}" for i in range(50)]
    source.make(names, 10)
    hooks = [{"id": f"w{i}", "object_type": names[i % len(names)]} for i in range(500)]
    daemon = Daemon(bench.folder, source, hooks, "idle-time.log", {"interval": "1s", "hook_url": NOWHERE})
    daemon.wait_checked([hook["id"] for hook in hooks[::10]], {}, 60)
    began, mine, theirs, points = time.monotonic(), tree_cpu_s(daemon.pid), tree_cpu_s(source.pid), []
    for second in range(0, (20 if small else 60) + 1, 5):
        time.sleep(max(0.0, began + second - time.monotonic()))
        daemon.check()
        points.append({"second": second, "cpu_s": tree_cpu_s(daemon.pid) - mine, "database_cpu_s": tree_cpu_s(source.pid) - theirs,
                       "resident_mib": memory_mib(daemon.pid, "VmRSS"), "state_mib": daemon.state_mib()})
    daemon.finish()
    return points


# ---- plots

STYLE = """set terminal svg size 720,420 dynamic font 'sans-serif,13' background '#ffffff'
set border 3 lc rgb '#888888'
set tics nomirror textcolor rgb '#333333'
set grid lc rgb '#e4e4e4' lt 1
set key left top reverse Left textcolor rgb '#333333'
set linetype 1 lc rgb '#1f6feb' lw 2 pt 7 ps 0.6
set linetype 2 lc rgb '#d9730d' lw 2 pt 5 ps 0.6
set linetype 3 lc rgb '#2e8b57' lw 2 pt 9 ps 0.7
set linetype 4 lc rgb '#999999' lw 1 dt 2
"""


def plot(name, title, xlabel, ylabel, series, log="xy"):
    """series: (label, [(x, y), …]); points that a logarithm can't show are left out."""
    blocks, parts = [], []
    for number, (label, points) in enumerate(series):
        shown = [(x, y) for x, y in points if "y" not in log or y > 0]
        if len(shown) < 2:
            continue
        blocks.append(f"$data{number} << end\n" + "".join(f"{x} {y:.6g}\n" for x, y in shown) + "end\n")
        parts.append(f"$data{number} using 1:2 with linespoints title '{label}'")
    script = STYLE + "".join(blocks) + f"set output '{os.path.join(PLOTS, name)}.svg'\nset title '{title}' textcolor rgb '#111111'\n"
    script += f"set xlabel '{xlabel}'\nset ylabel '{ylabel}'\n" + (f"set logscale {log}\n" if log else "set yrange [0:*]\n")
    script += ("set format x '%.0s%c'\n" if "x" in log else "") + "set offsets graph 0.02, graph 0.02, graph 0.06, graph 0.06\n"
    subprocess.run(["gnuplot"], input=(script + "plot " + ", ".join(parts) + "\n").encode(), check=True, timeout=60)
    path = os.path.join(PLOTS, name + ".svg")
    text = "".join(line.rstrip() + "\n" for line in open(path).read().replace("\t", "  ").splitlines())
    with open(path, "w") as file:
        file.write(text)


def pairs(points, x, y):
    return [(point[x], point[y]) for point in points]


def draw(growth):
    os.makedirs(PLOTS, exist_ok=True)
    if points := growth.get("page_rows"):
        plot("rows-a-page", "A row of a first sync, by rows a page", "rows a page", "µs a row",
             [("from start to the last 2xx", pairs(points, "page_rows", "us_a_row")), ("CPU of the daemon", pairs(points, "page_rows", "cpu_us_a_row"))])
    if points := growth.get("webhooks"):
        plot("webhooks-start", "Webhooks: start, and the first look at all of them", "webhooks", "seconds",
             [("until ready", pairs(points, "webhooks", "start_s")), ("until all were polled once", pairs(points, "webhooks", "first_s")),
              ("CPU of the daemon for that", pairs(points, "webhooks", "first_cpu_s"))])
        plot("webhooks-idle", "Webhooks at 60 s where nothing changes", "webhooks", "% of a core; MiB",
             [("CPU of the daemon, %", pairs(points, "webhooks", "daemon_at_60")), ("CPU of the database, %", pairs(points, "webhooks", "database_at_60")),
              ("memory of the daemon, MiB", pairs(points, "webhooks", "resident_mib"))])
    if points := growth.get("tables"):
        plot("tables", "Tables with 10 new rows each", "tables", "seconds",
             [("from start to the last 2xx", pairs(points, "tables", "seconds")), ("CPU of the daemon", pairs(points, "tables", "cpu_s")),
              ("CPU of the database", pairs(points, "tables", "database_cpu_s"))])
    if points := growth.get("changed"):
        plot("changed-rows", f"A poll of a table of {points[0]['rows']:,} rows", "changed rows", "ms",
             [(strategy, pairs([p for p in points if p["strategy"] == strategy], "changed", "ms")) for strategy in ("xid", "timestamp", "snapshot")])
    if points := growth.get("idle_time"):
        plot("idle-time", "500 webhooks at 1 s where nothing changes", "seconds", "CPU seconds; MiB",
             [("CPU of the daemon, s", pairs(points, "second", "cpu_s")), ("CPU of the database, s", pairs(points, "second", "database_cpu_s")),
              ("memory of the daemon, MiB", pairs(points, "second", "resident_mib"))], log="")


# ---- what is said of it

def said(growth):
    """(dimension, measure, exponent from end to end, the steepest step) for all that was measured. Pure."""
    wanted = [("page_rows", "rows a page", "page_rows", "cpu_ms_a_page", 0.0, "daemon's CPU a page"),
              ("webhooks", "webhooks", "webhooks", "start_s", 0.2, "start-up"),
              ("webhooks", "webhooks", "webhooks", "first_cpu_s", 0.05, "daemon's CPU of the first look"),
              ("webhooks", "webhooks", "webhooks", "daemon_at_60", 0.02, "daemon's CPU when idle"),
              ("webhooks", "webhooks", "webhooks", "database_at_60", 0.02, "database's CPU when idle"),
              ("webhooks", "webhooks", "webhooks", "resident_mib", 0.0, "daemon's memory"),
              ("tables", "tables", "tables", "cpu_s", 0.05, "daemon's CPU"),
              ("tables", "tables", "tables", "database_cpu_s", 0.05, "database's CPU"),
              ("tables", "tables", "tables", "peak_mib", 0.0, "daemon's memory")]
    rows = []
    for name, dimension, x, y, floor, measure in wanted:
        rows.append(_line(growth.get(name, []), dimension, measure, x, y, floor))
    for strategy in ("xid", "timestamp", "snapshot"):
        points = [p for p in growth.get("changed", []) if p["strategy"] == strategy]
        rows.append(_line(points, "changed rows", f"daemon's CPU of a poll by `{strategy}`", "changed", "cpu_ms", 10.0))
    points = growth.get("idle_time", [])[1:]
    rows += [_line(points, "idle time", "daemon's CPU", "second", "cpu_s", 0.05), _line(points, "idle time", "daemon's memory", "second", "resident_mib", 0.0)]
    return [row for row in rows if row]


def _line(points, dimension, measure, x, y, floor):
    if len(points) < 2:
        return None
    whole, steps = overall(points, x, y, floor), [step for step in exponents(points, x, y, floor) if step is not None]
    return {"dimension": dimension, "measure": measure, "from": points[0][x], "to": points[-1][x], "exponent": whole,
            "steepest": max(steps, default=None), "superlinear": whole is not None and whole > SUPERLINEAR}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench growth", description=__doc__)
    parser.add_argument("--small", action="store_true", help="fewer and smaller sizes, for trying")
    parser.add_argument("--after", metavar="JSON", help="of ./dev bench: takes the idle figures of W5 and W6 from there")
    parser.add_argument("--limit", type=int, default=400, help="seconds that one of them may take (400)")
    parser.add_argument("--servers", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", default=os.path.join(BUILD, "bench", "growth.json"))
    arguments = parser.parse_args()
    bench = Bench(argparse.Namespace(**vars(arguments), runs=1, rows=0, scale=0, webhooks=0, idle=0, large=0, delay=0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    growth, good, measured = {}, True, []
    if arguments.after:
        measured = [result for result in json.load(open(arguments.after))["results"] if result.get("kind") == "idle"]
    try:
        for name, measure in (("page_rows", page_rows), ("tables", tables), ("changed", changed), ("idle_time", idle_time),
                              ("webhooks", lambda b, small: webhooks(b, small, measured))):
            began = time.monotonic()
            try:
                growth[name] = limited(arguments.limit, measure, bench, arguments.small)
                print(f"\n{name}", *("  " + "  ".join(f"{k} {v:,.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in p.items())
                                     for p in growth[name]), sep="\n", flush=True)
            except Failed as why:
                good = False
                print(f"\n{name}  FAILED: {why}", flush=True)
            finally:
                end_all()
            print(f"  {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        draw(growth)
        rows = said(growth)
        print("\nGrowth", *(f"  {r['dimension']:14} {r['measure']:36} {'-' if r['exponent'] is None else format(r['exponent'], '.2f'):>6}"
                            f"{'  SUPERLINEAR' if r['superlinear'] else ''}" for r in rows), sep="\n")
        with open(arguments.json, "w") as file:
            json.dump({"machine": machine(), "small": arguments.small, "growth": growth, "said": rows}, file, indent=1)
            file.write("\n")
        print(f"\nthe same as JSON: {os.path.relpath(arguments.json)}")
    finally:
        end_all()
        if good:
            shutil.rmtree(bench.folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
