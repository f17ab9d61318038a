"""./dev bench: every workload on throwaway servers, one table each, and at the end each target beside what was reached.

In a race each program runs once in turn, then again, RUNS times; shown are the median of those, their least and greatest, and
the ratio of medians. A ratio within a run holds on a busy machine; a time does not. The whole takes about 12 minutes at full
size on two quiet cores and is cut off after --budget; --small takes about 4 minutes, and its figures are marked as such."""
import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import running  # noqa: E402
import side_by_side  # noqa: E402
import targets  # noqa: E402
from measured import BUILD, Failed, end_all  # noqa: E402
from sources import Postgres  # noqa: E402

WORKLOADS = {"w1": side_by_side.w1, "w2": side_by_side.w2, "w3": side_by_side.w3, "w4": side_by_side.w4, "w9": side_by_side.w9,
             "w10": side_by_side.w10, "w7": running.w7, "w8": running.w8, "w5": running.w5, "w6": running.w6}
SMALL = {"runs": 1, "rows": 100_000, "scale": 2, "webhooks": 1000, "idle": 10, "large": 200_000, "delay": 8}


class Bench:
    """The servers of this run, a folder, the sizes wanted, and the results so far."""

    def __init__(self, arguments):
        self.runs, self.rows, self.scale = arguments.runs, arguments.rows, arguments.scale
        self.webhooks, self.idle, self.large, self.delay = arguments.webhooks, arguments.idle, arguments.large, arguments.delay
        self.folder = tempfile.mkdtemp(prefix="vhookd-bench-")
        self.urls, self.home = {}, open(os.path.join(arguments.servers, "home")).read().strip()
        for line in open(os.path.join(arguments.servers, "urls")):
            name, _, url = line.strip().partition("=")
            self.urls[name] = url
        self.results = []

    def server(self, name):
        return int(open(os.path.join(self.home, name + ".pid")).read())

    def postgres(self):
        """Whichever version Debian has, on an empty database of its own."""
        name = next(name for name in self.urls if name.startswith("postgres"))
        return Postgres(self.urls[name], self.server(name))

    def add(self, result, lines):
        self.results.append(result)
        print(f"\n{result['name']}  {result['title']}", *("  " + line for line in lines), sep="\n", flush=True)


def machine():
    """What the figures were taken on, as far as they can depend on it."""
    def first(path, key, split):
        with open(path) as file:
            return next((line.split(split, 1)[1].strip().strip('"') for line in file if line.startswith(key)), "unknown")
    return {"processor": first("/proc/cpuinfo", "model name", ":"), "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gib": round(int(first("/proc/meminfo", "MemTotal", ":").split()[0]) / (1 << 20)),
            "system": first("/etc/os-release", "PRETTY_NAME", "="), "date": time.strftime("%Y-%m-%d", time.gmtime())}


def limited(seconds, function, *arguments):
    """Calls it, and breaks it off with Failed after so long."""
    def over(*_):
        raise Failed(f"broken off after {seconds:.0f} s")
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_workloads(bench, names, limit_s, budget_s):
    """False where one of them failed."""
    end, good = time.monotonic() + budget_s, True
    for name in names:
        began = time.monotonic()
        try:
            if began >= end - 1:
                raise Failed(f"not begun: the whole has taken its {budget_s} s")
            limited(min(limit_s, end - began), WORKLOADS[name], bench)
            print(f"  {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        except Failed as why:
            good = False
            bench.results.append({"name": name.upper(), "failed": str(why)})
            print(f"\n{name.upper()}  FAILED: {why}", flush=True)
        finally:
            end_all()
    return good


def options():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", choices=[[], *WORKLOADS], metavar="WORKLOAD", help=f"any of {' '.join(WORKLOADS)}; all where none is named")
    parser.add_argument("--small", action="store_true", help="all sizes below small, for trying")
    parser.add_argument("--runs", type=int, default=5, help="of each program in a race (5)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of a first sync (1000000)")
    parser.add_argument("--scale", type=int, default=10, help="W3: 8,000 POSTs each, W9p: 1,000; W4, W5, W6, W10: hundreds of tables (10)")
    parser.add_argument("--webhooks", type=int, default=10_000, help="W5; W6 has ten times as many (10000)")
    parser.add_argument("--idle", type=int, default=60, help="W5, W6: seconds measured (60)")
    parser.add_argument("--large", type=int, default=5_000_000, help="W8: rows of the table (5000000)")
    parser.add_argument("--delay", type=int, default=30, help="W7: seconds (30)")
    parser.add_argument("--limit", type=int, default=700, help="seconds that one workload may take (700)")
    parser.add_argument("--budget", type=int, default=1800, help="seconds that the whole may take (1800)")
    parser.add_argument("--servers", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", default=os.path.join(BUILD, "bench", "bench.json"))
    if "--small" in sys.argv:
        parser.set_defaults(**SMALL)
    return parser.parse_args()


def main():
    arguments = options()
    bench = Bench(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        good = run_workloads(bench, arguments.workloads or list(WORKLOADS), arguments.limit, arguments.budget)
        rows = targets.verdicts(bench.results)
        print("\nTargets", *("  " + line for line in targets.lines(rows)), sep="\n")
        with open(arguments.json, "w") as file:
            json.dump({"machine": machine(), "results": bench.results, "targets": rows}, file, indent=1)
            file.write("\n")
        print(f"\nthe same as JSON: {os.path.relpath(arguments.json)}")
    finally:
        end_all()
        if sys.exc_info()[0] or not good:
            print(f"bench: logs are kept in {bench.folder}", file=sys.stderr)
        else:
            shutil.rmtree(bench.folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
