"""What was aimed at, and whether the figures reach it. Pure: figures in, verdicts out."""


def _rate(workload, ours, other, least, says):
    return {"workload": workload, "what": f"rate against {says}", "target": f"at least {least:g} x", "least": least,
            "show": lambda v: f"{v:.2f} x", "of": lambda r: r["median"][ours]["rate"] / r["median"][other]["rate"]}


def _most(workload, what, most, unit, field, digits=1):
    return {"workload": workload, "what": what, "target": f"at most {most:g} {unit}", "most": most,
            "show": lambda v: f"{v:.{digits}f} {unit}", "of": lambda r: r[field]}


def _cpu_share(result):
    a_record = {label: m["cpu_s"] / m["records"] for label, m in result["median"].items()}
    return a_record["vhookd"] / a_record["node"]


TARGETS = [
    _rate("W1", "vhookd", "floor", 0.70, "the straight-line program"),
    _rate("W1", "vhookd", "node", 6, "Node"),
    {"workload": "W1", "what": "CPU a row against Node", "target": "at most 0.10 x", "most": 0.10, "show": lambda v: f"{v:.3f} x",
     "of": _cpu_share},
    {"workload": "W1", "what": "peak memory", "target": "at most 40 MiB", "most": 40, "show": lambda v: f"{v:.1f} MiB",
     "of": lambda r: r["median"]["vhookd"]["peak_mib"]},
    _rate("W2m", "vhookd", "floor", 0.70, "the straight-line program on MariaDB"),
    _rate("W2s", "vhookd", "floor", 0.70, "the straight-line program on SQLite"),
    _rate("W3", "vhookd", "curl multi", 0.70, "a bare libcurl multi loop"),
    _rate("W4", "vhookd", "node", 6, "Node"),
    _most("W5", "daemon's CPU", 0.3, "% of a core", "daemon_percent", 2),
    _most("W5", "daemon's memory", 40, "MiB", "resident_mib"),
    _most("W5", "database's CPU", 1.2, "% of a core", "database_percent", 2),
    _most("W6", "daemon's CPU", 1.5, "% of a core", "daemon_percent", 2),
    _most("W6", "daemon's memory", 200, "MiB", "resident_mib"),
    _most("W6", "start-up", 10, "s", "start_s"),
    _most("W7", "median", 2, "ms", "median_ms", 2),
    _most("W7", "99th percentile", 10, "ms", "p99_ms", 2),
    {"workload": "W8", "what": "slowest poll by `xid` or `timestamp`", "target": "no figure", "show": lambda v: f"{v:,.0f} ms",
     "of": lambda r: max(p["ms"] for p in r["polls"] if p["poll"] == "next" and p["strategy"] != "snapshot")},
    {"workload": "W8", "what": "slowest poll by `snapshot`", "target": "no figure", "show": lambda v: f"{v:,.0f} ms",
     "of": lambda r: max(p["ms"] for p in r["polls"] if p["poll"] == "next" and p["strategy"] == "snapshot")},
    _rate("W9", "https", "http", 0.80, "HTTP, pages of 1000"),
    _rate("W9p", "https", "http", 0.80, "HTTP, one record a POST"),
    _rate("W10", "one dead", "all alive", 0.90, "the same with all alive"),
]


def verdicts(results):
    """A row for each target: workload, what, target, reached, verdict (met, MISSED, shown, not measured), small. A workload that
    failed has missed its targets."""
    by_name = {result["name"]: result for result in results if "failed" not in result}
    failed = {result["name"] for result in results if "failed" in result}
    rows = []
    for target in TARGETS:
        row = {"workload": target["workload"], "what": target["what"], "target": target["target"], "reached": "", "small": False}
        result = by_name.get(target["workload"])
        if result is None:
            broke = target["workload"].rstrip("mps") in failed  # W2 stands for W2m and W2s, W9 for W9p
            row.update(reached="failed" if broke else "", verdict="MISSED" if broke else "not measured")
        else:
            value = target["of"](result)
            kept = value >= target["least"] if "least" in target else value <= target["most"] if "most" in target else None
            row.update(reached=target["show"](value), value=value, small=not result["full"],
                       verdict="shown" if kept is None else "met" if kept else "MISSED")
        rows.append(row)
    return rows


def lines(rows):
    width = max(len(row["what"]) for row in rows)
    out = [f"{'':5} {'':{width}} {'target':22} {'reached':>18}"]
    for row in rows:
        note = "   (smaller than asked for)" if row["small"] else ""
        out.append(f"{row['workload']:5} {row['what']:{width}} {row['target']:22} {row['reached']:>18}  {row['verdict']}{note}")
    return out
