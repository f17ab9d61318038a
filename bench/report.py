"""Writes the figures of bench.json and growth.json into docs/performance.md, each block between its two markers, and says which
missed targets still want a reason there. Fails (1) where one does, or where a reason is given for one that is met."""
import argparse
import json
import os
import re
import sys

from measured import BUILD, HERE

DOCUMENT = os.path.join(HERE, "..", "docs/performance.md")
REASON = re.compile(r"^- \*\*(\w+), (.+?)\*\*", re.M)
ROW = re.compile(r"^\| (W\w+) \| (.+?) \| .+? \| .+? \| \*\*missed\*\*", re.M)


def rows_of(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def machine_block(machine):
    return (f"Taken on {machine['date']}: {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}, "
            f"Linux {machine['kernel']}.")


def targets_block(rows):
    def verdict(row):
        text = "**missed**" if row["verdict"] == "MISSED" else row["verdict"]
        return text + ", at a smaller size" if row["small"] else text
    return rows_of(["workload", "what", "target", "reached", ""],
                   [[row["workload"], row["what"], row["target"], row["reached"] or "-", verdict(row)] for row in rows])


def race_block(result):
    first = next(iter(result["median"].values()))
    rows = []
    for label, m in result["median"].items():
        rates = result["rates"][label]
        rows.append([label, f"{m['rate']:,.0f}", f"{min(rates):,.0f} to {max(rates):,.0f}", "" if m is first else f"{first['rate'] / m['rate']:.2f} x",
                     f"{1e6 * m['cpu_s'] / m['records']:.2f}", f"{1e6 * m['database_cpu_s'] / m['records']:.2f}",
                     f"{1e6 * m['receiver_cpu_s'] / m['records']:.2f}", f"{m['peak_mib']:.1f}"])
    runs = "one run" if result["runs"] == 1 else f"median of {result['runs']} runs"
    return f"**{result['name']}**: {result['title']}; {runs}.\n\n" + rows_of(
        ["", result["unit"], "least to greatest", f"{next(iter(result['median']))} is", "CPU µs a record", "database's", "receiver's", "peak MiB"], rows)


def running_block(results):
    parts = []
    idle = [r for r in results if r["kind"] == "idle"]
    if idle:
        parts.append("**W5, W6**: webhooks at 60 s where nothing changes.\n\n" + rows_of(
            ["webhooks", "tables", "daemon's CPU", "database's CPU", "resident", "ready after", "when started again", "all polled once after", "that took the daemon, the database"],
            [[f"{r['webhooks']:,}", f"{r['tables']:,}", f"{r['daemon_percent']:.2f} %", f"{r['database_percent']:.2f} %", f"{r['resident_mib']:.1f} MiB",
              f"{r['start_s']:.2f} s", f"{r['restart_s']:.2f} s", f"{r['first_s']:.1f} s", f"{r['first_cpu_s']:.1f} s, {r['first_database_cpu_s']:.1f} s of CPU"] for r in idle]))
    for r in (r for r in results if r["kind"] == "delay"):
        parts.append(f"**W7**: {r['title']}.\n\n" + rows_of(
            ["", "median", "99th percentile"],
            [["after the end of the interval", f"{r['median_ms']:.2f} ms", f"{r['p99_ms']:.2f} ms"],
             ["after the newest commit that the page holds", f"{r['from_commit_median_ms']:.2f} ms", f"{r['from_commit_p99_ms']:.2f} ms"]]))
    for r in (r for r in results if r["kind"] == "large"):
        parts.append(f"**W8**: {r['title']}.\n\n" + rows_of(
            ["detect", "event", "poll", "takes", "rows read", "daemon's CPU", "database's CPU", "daemon's peak", "state"],
            [[f"`{p['strategy']}`", f"`{p['event']}`", p["poll"], f"{p['ms']:,} ms", f"{p['read']:,}", f"{p['cpu_ms']:,.0f} ms",
              f"{p['database_cpu_ms']:,.0f} ms", f"{p['peak_mib']:.1f} MiB", f"{p['state_mib']:.0f} MiB"] for p in r["polls"]]))
    return "\n\n".join(parts)


def growth_block(rows):
    def shown(exponent):
        return "too small to tell" if exponent is None else f"{exponent:.2f}"
    return rows_of(["grows with", "from", "to", "what", "exponent", ""],
                   [[r["dimension"], f"{r['from']:,}", f"{r['to']:,}", r["measure"], shown(r["exponent"]), "**more than linear**" if r["superlinear"] else ""]
                    for r in rows])


def sentences(growth):
    """One for each plot: its first figures and its last."""
    out = {}
    if points := growth.get("page_rows"):
        a, b = points[0], points[-1]
        best = min(points, key=lambda p: p["us_a_row"])
        out["rows-a-page"] = (f"A row costs {a['us_a_row']:,.0f} µs ({a['cpu_us_a_row']:,.0f} of them the daemon's CPU) alone in its page, and "
                              f"{b['us_a_row']:.1f} µs ({b['cpu_us_a_row']:.1f}) in pages of {b['page_rows']:,}; the fastest were pages of "
                              f"{best['page_rows']:,}. Peak memory went from {a['peak_mib']:.0f} to {b['peak_mib']:.0f} MiB.")
    if points := growth.get("webhooks"):
        a, b = points[0], points[-1]
        out["webhooks-start"] = (f"With {a['webhooks']:,} webhooks the daemon is ready after {a['start_s']:.2f} s and has polled all of them {a['first_s']:.1f} s "
                                 f"later; with {b['webhooks']:,} after {b['start_s']:.1f} s, and {b['first_s']:.1f} s later.")
        out["webhooks-idle"] = (f"At 60 s {b['webhooks']:,} webhooks cost {b['daemon_at_60']:.2f} % of a core, the database {b['database_at_60']:.2f} %, and "
                                f"{b['resident_mib']:.0f} MiB against {a['resident_mib']:.0f} MiB with {a['webhooks']:,}: "
                                f"{1024 * (b['resident_mib'] - a['resident_mib']) / (b['webhooks'] - a['webhooks']):.1f} KiB a webhook.")
    if points := growth.get("tables"):
        a, b = points[0], points[-1]
        out["tables"] = (f"One table takes {1000 * a['seconds']:.0f} ms from the start of the process to its last 2xx, {b['tables']:,} take {b['seconds']:.1f} s: "
                         f"{1000 * (b['cpu_s'] - a['cpu_s']) / (b['tables'] - a['tables']):.2f} ms of the daemon's CPU for each further table, "
                         f"{1000 * (b['database_cpu_s'] - a['database_cpu_s']) / (b['tables'] - a['tables']):.2f} ms of the database's.")
    if points := growth.get("changed"):
        ends = []
        for strategy in ("xid", "timestamp", "snapshot"):
            of = [p for p in points if p["strategy"] == strategy]
            ends.append(f"`{strategy}` {of[0]['ms']:,} ms for {of[0]['changed']:,} and {of[-1]['ms']:,} ms for {of[-1]['changed']:,}")
        out["changed-rows"] = f"In a table of {points[0]['rows']:,} rows a poll takes, by the rows changed: " + "; ".join(ends) + "."
    if points := growth.get("idle_time"):
        b = points[-1]
        out["idle-time"] = (f"{b['second']} s of it cost {b['cpu_s']:.2f} s of the daemon's CPU and {b['database_cpu_s']:.2f} s of the database's; memory went from "
                            f"{points[0]['resident_mib']:.1f} to {b['resident_mib']:.1f} MiB, the state from {points[0]['state_mib']:.1f} to {b['state_mib']:.1f} MiB.")
    return out


def blocks(bench, growth):
    measured = [result for result in bench["results"] if "failed" not in result]
    failed = [f"{result['name']} was not measured: {result['failed']}" for result in bench["results"] if "failed" in result]
    races = [race_block(result) for result in measured if result["kind"] == "race"]
    out = {"machine": machine_block(bench["machine"]), "targets": targets_block(bench["targets"]), "races": "\n\n".join(races + failed),
           "running": running_block(measured)}
    if growth:
        out["growth"] = growth_block(growth["said"])
        out.update(sentences(growth["growth"]))
    return out


def fill(text, texts):
    """The document with each block between its markers; SystemExit where a marker is missing."""
    for name, block in texts.items():
        markers = re.compile(rf"(<!-- figures: {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
        if not markers.search(text):
            raise SystemExit(f"report: the document has no '<!-- figures: {name} -->' and '<!-- end -->'")
        text = markers.sub(lambda found, block=block: found.group(1) + block + "\n" + found.group(2), text)
    return text


def unexplained(text):
    """What the document still wants: a reason for each missed target, and none for others."""
    missed, given = set(ROW.findall(text)), set(REASON.findall(text))
    return ([f"no reason is given for {workload}, {what}" for workload, what in sorted(missed - given)]
            + [f"a reason is given for {workload}, {what}, which is not missed" for workload, what in sorted(given - missed)])


def main():
    parser = argparse.ArgumentParser(prog="bench/report.py", description=__doc__)
    parser.add_argument("--bench", default=os.path.join(BUILD, "bench", "bench.json"))
    parser.add_argument("--growth", default=os.path.join(BUILD, "bench", "growth.json"))
    parser.add_argument("--document", default=DOCUMENT)
    arguments = parser.parse_args()
    growth = json.load(open(arguments.growth)) if os.path.exists(arguments.growth) else None
    text = fill(open(arguments.document).read(), blocks(json.load(open(arguments.bench)), growth))
    with open(arguments.document, "w") as file:
        file.write(text)
    print(f"written: {os.path.relpath(arguments.document)}")
    wanting = unexplained(text)
    for line in wanting:
        print("report: " + line)
    return 1 if wanting else 0


if __name__ == "__main__":
    sys.exit(main())
