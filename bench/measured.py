"""Processes that are measured: CPU seconds, peak memory, and what arrived at the receiver."""
import contextlib
import http.client
import json
import os
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.path.join(HERE, "..", "build", "release")


class Failed(Exception):
    """A measurement that came to nothing; the others go on."""


_live = []  # every program started here that has not ended


def end_all():
    """Ends what a measurement that broke off has left running."""
    for process in _live:
        with contextlib.suppress(OSError):
            process.kill()
    for process in _live:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            process.wait(timeout=10)
    _live.clear()


def _stat(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    try:
        # The process's own CPU clock counts nanoseconds, /proc hundredths of a second.
        own = time.clock_gettime((~int(pid) << 3) | 2)
    except OSError:
        own = (int(fields[11]) + int(fields[12])) / TICK
    return {"parent": int(fields[1]), "self": own, "reaped": (int(fields[13]) + int(fields[14])) / TICK}


def tree_cpu_s(pid):
    """CPU of a server: its own, of its live children, and of those it has reaped."""
    stats = {int(p): _stat(p) for p in os.listdir("/proc") if p.isdigit()}
    root = stats.get(pid)
    if root is None:
        return 0.0
    return root["self"] + root["reaped"] + sum(s["self"] for s in stats.values() if s and s["parent"] == pid)


def memory_mib(pid, field="VmHWM"):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


class Receiver:
    """bench_receiver; url is where it takes POSTs. Its figures come over a connection of their own, kept open."""

    def __init__(self, *options, scheme="http"):
        self.process = subprocess.Popen([os.path.join(BUILD, "bench/bench_receiver"), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        _live.append(self.process)
        port, stats_port = self.process.stdout.readline().split()
        self.url = f"{scheme}://127.0.0.1:{int(port)}/hook"
        self.connection = http.client.HTTPConnection("127.0.0.1", int(stats_port), timeout=30)

    def stats(self):
        self.connection.request("GET", "/stats")
        return json.loads(self.connection.getresponse().read())

    def wait_for(self, records, timeout_s, alive=lambda: True):
        """Until that many records have come; False where they do not."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.stats()["records"] >= records:
                return True
            if not alive():
                return self.stats()["records"] >= records
            time.sleep(0.02)
        return False

    def stop(self):
        cpu = tree_cpu_s(self.process.pid)
        self.connection.close()
        self.process.stdin.close()
        self.process.wait(timeout=10)
        _live.remove(self.process)
        return cpu


class Run:
    """One program from its start to the last record at the receiver."""

    def __init__(self, command, log, env=None):
        self.log = open(log, "w")
        self.started_ns = time.monotonic_ns()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})}, start_new_session=True)
        _live.append(self.process)

    def alive(self):
        if self.process.returncode is not None:
            return False
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid:
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.usage = usage
        return pid == 0

    def finish(self, timeout_s=60):
        """Ends it (SIGTERM where it does not by itself); CPU seconds and peak MiB, children included."""
        end = time.monotonic() + timeout_s
        self.alive()
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGTERM)
        while self.alive() and time.monotonic() < end:
            time.sleep(0.01)
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGKILL)
            os.waitpid(self.process.pid, 0)
            raise Failed(f"{self.process.args[0]} did not end; see {self.log.name}")
        _live.remove(self.process)
        self.log.close()
        return self.usage.ru_utime + self.usage.ru_stime, self.usage.ru_maxrss / 1024
