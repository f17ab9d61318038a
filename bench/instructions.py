"""./dev bench instructions [--keep]: how many instructions the encoding of a row and a whole page take, against what is kept in
bench/instructions.json. A page: 1,000 rows read from SQLite, encoded, signed, put into the outbox, taken out and noted as delivered.

Counted by callgrind, so neither the clock nor other work on the machine shows. Each is run at two sizes and the difference
taken, so that starting up does not count. What would be chosen by the processor is pinned (OpenSSL, glibc, simdjson). Another
compiler or other libraries still give other counts: they are named beside the counts, and a comparison over them does not
fail. Fails (1) where a count is more than 3 % above what is kept; --keep writes what was counted."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from measured import BUILD, HERE

PROGRAM = os.path.join(BUILD, "bench/bench_instructions")
KEPT = os.path.join(HERE, "instructions.json")
TOLERANCE = 0.03
# A processor of 2010 on any x86-64: SSE4.2, no AVX, no instructions for SHA.
PINNED = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin"}
if os.uname().machine == "x86_64":
    PINNED |= {"OPENSSL_ia32cap": "0x00180203178bfbff:0x0", "SIMDJSON_FORCE_IMPLEMENTATION": "westmere",
               "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-RTM,-BMI2,-AVX512F,-AVX512VL,-AVX512BW"}


def count(*arguments):
    with tempfile.TemporaryDirectory(prefix="vhookd-callgrind-") as folder:
        run = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", PROGRAM, *arguments], env=PINNED,
                             capture_output=True, text=True, timeout=300)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        raise SystemExit(f"bench: {' '.join(arguments)} could not be counted:\n{run.stderr[-800:]}")
    return int(found.group(1))


def page(folder, pages):
    table = os.path.join(folder, f"{pages:03}.db")
    subprocess.run([PROGRAM, "table", table, str(1000 * pages)], check=True)
    state = os.path.join(folder, f"state{pages:03}")
    os.mkdir(state)
    return count("page", table, state)


def counted():
    few, many = 1000, 11_000
    row = (count("encode", str(many)) - count("encode", str(few))) / (many - few)
    few, many = 10, 40
    with tempfile.TemporaryDirectory(prefix="vhookd-instructions-") as folder:
        whole = (page(folder, many) - page(folder, few)) / (many - few)
    return {"encode of a row": round(row), "page of 1,000 rows": round(whole)}


def toolchain():
    """What the counts hang on beside our own code."""
    cache = open(os.path.join(BUILD, "CMakeCache.txt")).read()
    compiler = re.search(r"CMAKE_CXX_COMPILER:\w+=(.*)", cache).group(1)
    version = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    glibc = os.confstr("CS_GNU_LIBC_VERSION")
    libraries = subprocess.run([os.path.join(BUILD, "vhookd"), "version"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"(SQLite|OpenSSL|simdjson) v?(\d[\w.]*)", libraries)
    return ", ".join([os.uname().machine, f"compiler {version}", glibc, *sorted({f"{name} {version}" for name, version in found})])


def compare(kept, now):
    """Lines to print, and whether all is well. Pure."""
    lines, good, same = [], True, kept.get("toolchain") == now["toolchain"]
    for what, after in now["instructions"].items():
        before = kept.get("instructions", {}).get(what)
        change = "" if not before else f"{100 * (after / before - 1):+.1f} %"
        too_many = bool(before) and after > before * (1 + TOLERANCE)
        good = good and not (too_many and same)
        lines.append(f"{what:20} {format(before, ',') if before else '-':>12} {after:>12,} {change:>9}"
                     + ("  too many" if too_many and same else ""))
    if kept and not same:
        lines.append(f"not comparable: kept with {kept.get('toolchain')}; this is {now['toolchain']}")
    return lines, good


def main():
    parser = argparse.ArgumentParser(prog="./dev bench instructions", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write what was counted into bench/instructions.json")
    arguments = parser.parse_args()
    kept = json.load(open(KEPT)) if os.path.exists(KEPT) else {}
    now = {"instructions": counted(), "toolchain": toolchain()}
    lines, good = compare(kept, now)
    print(f"{'instructions':20} {'kept':>12} {'now':>12} {'change':>9}", *lines, sep="\n")
    if arguments.keep:
        with open(KEPT, "w") as file:
            json.dump(now, file, indent=1)
            file.write("\n")
        print(f"kept in {os.path.relpath(KEPT)}")
    return 0 if good or arguments.keep else 1


if __name__ == "__main__":
    sys.exit(main())
