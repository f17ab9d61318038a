"""Workloads of a daemon that goes on running: what it costs idle, how soon it sends, what a poll of a large table takes."""
import os
import re
import subprocess
import time

from daemon import VHOOKD, Daemon, idle
from measured import Failed, Receiver, memory_mib, tree_cpu_s


def _idle(bench, name, webhooks, full):
    source, tables = bench.postgres(), [f"t{i}" for i in range(bench.scale * 100)]
    source.make(tables, 10)
    got = idle(bench.folder, source, tables, webhooks, bench.idle, name)
    bench.add({"name": name, "kind": "idle", "full": full and bench.scale >= 10 and bench.idle >= 60,
               "title": f"idle: {webhooks:,} webhooks at 60 s on {len(tables):,} tables of postgres", **got},
              [f"daemon {got['daemon_percent']:.2f} % of a core, database {got['database_percent']:.2f} %, {got['resident_mib']:.1f} MiB resident "
               f"({got['peak_mib']:.1f} at its peak), measured over {bench.idle} s",
               f"ready after {got['start_s']:.2f} s ({got['restart_s']:.2f} s when started again); all looked at once after {got['first_s']:.1f} s, which took {got['first_cpu_s']:.1f} s of CPU "
               f"and {got['first_database_cpu_s']:.1f} s of the database's"])


def w5(bench):
    _idle(bench, "W5", bench.webhooks, bench.webhooks >= 10_000)


def w6(bench):
    _idle(bench, "W6", bench.webhooks * 10, bench.webhooks >= 10_000)


def phase_us(id_, interval_us):
    """Where in its interval a webhook's ticks lie on the monotonic clock: scheduler/timetable.cc, FNV-1a of the id."""
    hash_ = 14695981039346656037
    for byte in id_.encode():
        hash_ = ((hash_ ^ byte) * 1099511628211) % (1 << 64)
    return hash_ % interval_us


def w7(bench):
    """From the end of an interval to the receiver. The ticks lie on a grid that is known from outside; the lag is the time of
    arrival less the last tick, the timer's own lateness included. Beside it, from the newest commit that a page holds,
    with a writer that commits about every millisecond: what holds even if the grid were another."""
    source, interval_us = bench.postgres(), 100_000
    source.make(["orders"], 1000)
    receiver = Receiver("--lags")
    daemon = Daemon(bench.folder, source, [{"id": "orders", "object_type": "orders"}], "W7.log",
                    {"interval": "100ms", "hook_url": receiver.url})
    subprocess.run(["psql", "-XAtq", source.url], stdout=subprocess.DEVNULL, check=True, input=f"""
        DO $$ BEGIN
          WHILE clock_timestamp() < '{_utc_in(bench.delay)}' LOOP
            UPDATE orders SET updated_at = clock_timestamp() WHERE id = 1 + floor(random() * 999);
            COMMIT;
            PERFORM pg_sleep(0.0007);
          END LOOP;
        END $$""".encode())
    stats = receiver.stats()
    daemon.finish()
    receiver.stop()
    arrivals, newest = stats["arrivals_us"][10:], sorted(lag / 1000 for lag in stats["lags_us"][10:])
    if len(arrivals) < 20:
        raise Failed(f"W7: only {len(arrivals)} pages came in {bench.delay} s; see {daemon.log}")
    phase = phase_us("orders", interval_us)
    late = sorted((at - phase) % interval_us / 1000 for at in arrivals)

    def at(values, share):
        return values[min(len(values) - 1, int(len(values) * share))]
    got = {"pages": len(late), "least_ms": late[0], "from_commit_least_ms": newest[0], "median_ms": at(late, 0.5), "p99_ms": at(late, 0.99), "from_commit_median_ms": at(newest, 0.5),
           "from_commit_p99_ms": at(newest, 0.99)}
    bench.add({"name": "W7", "kind": "delay", "full": bench.delay >= 30,
               "title": f"from the end of an interval to the receiver, with a writer at work ({len(late)} pages)", **got},
              [f"least {got['least_ms']:.2f} ms, median {got['median_ms']:.2f} ms, 99th percentile {got['p99_ms']:.2f} ms after the tick",
               f"least {got['from_commit_least_ms']:.2f} ms, median {got['from_commit_median_ms']:.2f} ms, 99th percentile {got['from_commit_p99_ms']:.2f} ms after the newest commit sent"])


def _utc_in(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(time.time() + seconds))


POLLED = re.compile(r" polled .*records=(\d+).*read=(\d+) ms=(\d+)")


class Polls:
    """The polls of a daemon's debug log, one after the other."""

    def __init__(self, daemon):
        self.daemon, self.seen = daemon, 0

    def next(self, timeout_s):
        """(records, rows read, ms) of the next poll."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            text = open(self.daemon.log).read()
            found = POLLED.findall(text)
            if len(found) > self.seen:
                self.seen += 1
                return tuple(int(number) for number in found[self.seen - 1])
            if " poll-failed " in text:
                raise Failed("a poll failed: " + text[-400:])
            self.daemon.check()
            time.sleep(0.02)
        raise Failed(f"no poll ended in {timeout_s} s; see {self.daemon.log}")


def tell(daemon, command):
    subprocess.run([VHOOKD, command, "orders", "--config", daemon.config], stdout=subprocess.DEVNULL, check=True, timeout=250)


def strategy_polls(bench, source, rows, changes, strategy, event, url):
    """A first poll, which notes what is there, then one after each of `changes`; a row of figures for each."""
    narrowed = strategy == "narrowed"  # not to be triggered: that makes a full sweep
    daemon = Daemon(bench.folder, source, [{"id": "orders", "object_type": "orders", "detect": "auto" if narrowed else strategy, "event": event}],
                    f"poll-{strategy}-{event}.log", {"interval": "2s" if narrowed else "10h", "hook_url": url}, level="debug")
    polls, got = Polls(daemon), []
    mine = theirs = 0.0
    for turn, count in enumerate([0, *changes]):
        if turn == 0:
            theirs = tree_cpu_s(source.pid)
        else:
            if narrowed:
                tell(daemon, "pause")
            (source.delete if event == "deleted" else source.change)("orders", rows, count, turn)
            source.sql("CHECKPOINT", url=source.url)
            mine, theirs = tree_cpu_s(daemon.pid), tree_cpu_s(source.pid)
            tell(daemon, "resume" if narrowed else "trigger")
        records, read, ms = polls.next(250)
        while narrowed and turn > 0 and records == 0:
            records, read, ms = polls.next(250)
        got.append({"strategy": strategy, "event": event, "poll": "first" if turn == 0 else "next", "rows": rows, "changed": count,
                    "ms": ms, "records": records, "read": read, "cpu_ms": 1000 * (tree_cpu_s(daemon.pid) - mine),
                    "database_cpu_ms": 1000 * (tree_cpu_s(source.pid) - theirs), "peak_mib": memory_mib(daemon.pid),
                    "state_mib": daemon.state_mib()})
        if turn > 0 and records != count:
            raise Failed(f"{strategy} found {records} of {count} changes; see {daemon.log}")
    daemon.finish()
    return got


LARGE = "{:10} {:8} {:6} {:>9} {:>8} {:>10} {:>8} {:>12} {:>9} {:>9}"


def w8(bench):
    source, changes, polls = bench.postgres(), 1000, []
    source.make(["orders"], bench.large)
    receiver = Receiver()
    for strategy, event, turns in (("xid", "updated", 3), ("narrowed", "updated", 3), ("timestamp", "updated", 3), ("snapshot", "updated", 2), ("snapshot", "deleted", 1)):
        polls += strategy_polls(bench, source, bench.large, [changes] * turns, strategy, event, receiver.url)
    receiver.stop()
    lines = [LARGE.format("strategy", "event", "poll", "ms", "records", "rows read", "CPU ms", "database ms", "peak MiB", "state MiB")]
    lines += [LARGE.format(p["strategy"], p["event"], p["poll"], p["ms"], p["records"], p["read"], f"{p['cpu_ms']:.0f}",
                           f"{p['database_cpu_ms']:.0f}", f"{p['peak_mib']:.1f}", f"{p['state_mib']:.0f}") for p in polls]
    bench.add({"name": "W8", "kind": "large", "full": bench.large >= 5_000_000, "polls": polls,
               "title": f"a table of {bench.large:,} rows of postgres, {changes:,} changed before each poll, each strategy"}, lines)
