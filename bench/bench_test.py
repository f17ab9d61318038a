"""What the benchmarks say of figures, and what they write of them: bench_test.py. No daemon, no server, no clock."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import growth  # noqa: E402
import instructions  # noqa: E402
import report  # noqa: E402
import running  # noqa: E402
import targets  # noqa: E402


def race(name, full=True, **rates):
    return {"name": name, "kind": "race", "title": "a race", "unit": "rows/s", "full": full, "runs": 5, "rates": {k: [v] for k, v in rates.items()},
            "median": {k: {"rate": v, "records": 100, "cpu_s": 1.0, "database_cpu_s": 1.0, "receiver_cpu_s": 1.0, "peak_mib": 39.0}
                       for k, v in rates.items()}}


def verdict_of(rows, workload, what):
    return next(row for row in rows if row["workload"] == workload and row["what"].startswith(what))


class Targets(unittest.TestCase):
    def test_a_rate_is_held_against_the_others(self):
        rows = targets.verdicts([race("W1", vhookd=69.0, floor=100.0, node=11.5)])
        self.assertEqual(verdict_of(rows, "W1", "rate against the")["verdict"], "MISSED")
        self.assertEqual(verdict_of(rows, "W1", "rate against the")["reached"], "0.69 x")
        self.assertEqual(verdict_of(rows, "W1", "rate against Node")["verdict"], "met")
        self.assertEqual(verdict_of(rows, "W1", "peak memory")["verdict"], "met")
        self.assertEqual(verdict_of(rows, "W1", "CPU")["verdict"], "MISSED")

    def test_what_was_not_measured_is_not_met(self):
        rows = targets.verdicts([{"name": "W2", "failed": "broken off"}])
        self.assertEqual({row["verdict"] for row in rows if row["workload"].startswith("W2")}, {"MISSED"})
        self.assertEqual({row["verdict"] for row in rows if not row["workload"].startswith("W2")}, {"not measured"})
        self.assertEqual(len(rows), len(targets.TARGETS))

    def test_small_sizes_are_named(self):
        rows = targets.verdicts([race("W10", full=False, **{"one dead": 95.0, "all alive": 100.0})])
        self.assertTrue(verdict_of(rows, "W10", "rate")["small"])
        self.assertIn("smaller than asked for", "\n".join(targets.lines(rows)))


class Growth(unittest.TestCase):
    points = [{"webhooks": n, "start_s": n * n / 1e6, "resident_mib": 20.0} for n in (100, 1000, 10_000)]

    def test_the_exponent_tells_how_it_grows(self):
        self.assertAlmostEqual(growth.overall(self.points, "webhooks", "start_s"), 2)
        self.assertAlmostEqual(growth.overall(self.points, "webhooks", "resident_mib"), 0)
        self.assertEqual(growth.exponents(self.points, "webhooks", "start_s", 0.5)[0], None)

    def test_what_grows_faster_than_its_size_is_called_so(self):
        line = growth._line(self.points, "webhooks", "start-up", "webhooks", "start_s", 0.0)
        self.assertTrue(line["superlinear"])
        self.assertFalse(growth._line(self.points, "webhooks", "memory", "webhooks", "resident_mib", 0.0)["superlinear"])


class Instructions(unittest.TestCase):
    kept = {"instructions": {"encode of a row": 1000}, "toolchain": "a"}

    def test_three_percent_more_is_too_many(self):
        for after, good in ((1030, True), (1031, False), (500, True)):
            self.assertEqual(instructions.compare(self.kept, {"instructions": {"encode of a row": after}, "toolchain": "a"})[1], good, after)

    def test_another_compiler_is_said_and_not_judged(self):
        lines, good = instructions.compare(self.kept, {"instructions": {"encode of a row": 2000}, "toolchain": "b"})
        self.assertTrue(good)
        self.assertIn("not comparable", "\n".join(lines))

    def test_what_is_kept_has_all_counts(self):
        self.assertEqual(set(json.load(open(instructions.KEPT))["instructions"]), {"encode of a row", "page of 1,000 rows"})


class Report(unittest.TestCase):
    def test_blocks_go_between_their_markers(self):
        text = "a\n<!-- figures: x -->\nold\n<!-- end -->\nb\n"
        self.assertEqual(report.fill(text, {"x": "new"}), "a\n<!-- figures: x -->\nnew\n<!-- end -->\nb\n")
        self.assertEqual(report.fill(report.fill(text, {"x": "new"}), {"x": "old"}), text)
        with self.assertRaises(SystemExit):
            report.fill(text, {"y": "new"})

    def test_a_missed_target_wants_a_reason(self):
        table = report.targets_block(targets.verdicts([race("W10", **{"one dead": 85.0, "all alive": 100.0})]))
        what = verdict_of(targets.verdicts([]), "W10", "rate")["what"]
        self.assertEqual(report.unexplained(table), [f"no reason is given for W10, {what}"])
        self.assertEqual(report.unexplained(f"{table}\n\n- **W10, {what}**: because\n"), [])
        self.assertEqual(report.unexplained(f"- **W10, {what}**: because\n"), [f"a reason is given for W10, {what}, which is not missed"])

    def test_the_document_gives_reasons_for_what_it_says_is_missed(self):
        text = open(report.DOCUMENT).read()
        self.assertGreater(len([row for row in targets.TARGETS if f"| {row['workload']} | {row['what']} |" in text]), 15)
        self.assertEqual(report.unexplained(text), [])


class Ticks(unittest.TestCase):
    def test_the_phase_is_fnv_1a_of_the_id(self):
        # Known answers of the hash: of nothing, and of "foobar".
        self.assertEqual(running.phase_us("", 1 << 64), 0xCBF29CE484222325)
        self.assertEqual(running.phase_us("foobar", 1 << 64), 0x85944171F73967E8)


unittest.main(warnings="ignore")
