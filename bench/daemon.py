"""vhookd with a configuration of as many webhooks as wanted, and what it costs while it runs."""
import contextlib
import http.client
import json
import os
import socket
import tempfile
import time
import urllib.parse

from measured import BUILD, Failed, Run, memory_mib, tree_cpu_s

VHOOKD = os.path.join(BUILD, "vhookd")
SECRET = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
NOWHERE = "http://127.0.0.1:9/"  # for webhooks that have nothing to send


def write_config(folder, source, webhooks, defaults=None, top=()):
    """A configuration in a folder of its own, with its state beside it; the folder. Files hold at most a MiB, so webhooks
    are spread over conf.d."""
    home = tempfile.mkdtemp(dir=folder)
    lines = [f"state: {home}/state", *(top or ["api: {listen: 'off'}"]), "connections:", "  bench:", f"    db_type: {source.name}",
             f"    db_url: {json.dumps(source.url)}",
             "defaults: " + json.dumps({"connection_id": "bench", "secret": SECRET, "event": "updated", **(defaults or {})})]
    with open(os.path.join(home, "vhookd.yaml"), "w") as file:
        file.write("\n".join(lines) + "\n")
    os.mkdir(os.path.join(home, "conf.d"))
    texts = ["  - " + json.dumps(webhook) + "\n" for webhook in webhooks]
    for number, start in enumerate(range(0, len(texts), 2000)):
        with open(os.path.join(home, "conf.d", f"{number:03}.yaml"), "w") as file:
            file.write("webhooks:\n" + "".join(texts[start:start + 2000]))
    return os.path.join(home, "vhookd.yaml")


def once(config):
    return [VHOOKD, "run", "--once", "--log-level", "warn", "--config", config]


class Daemon:
    """Runs until finish(). started_s: until it said that it is ready, as it says it to systemd."""

    def __init__(self, folder, source, webhooks, log, defaults=None, level="warn"):
        self.port = _free_port()
        self.config = write_config(folder, source, webhooks, defaults, ["api: {listen: '127.0.0.1:%d'}" % self.port])
        self.log = os.path.join(folder, log)
        self.start(level)

    def start(self, level="warn", ready_s=300):
        """Again, after finish(): on the state that is there."""
        address = os.path.join(tempfile.mkdtemp(dir=os.path.dirname(self.config)), "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(address)
            notified.settimeout(1)
            began = time.monotonic()
            self.run = Run([VHOOKD, "run", "--log-level", level, "--config", self.config], self.log, {"NOTIFY_SOCKET": address})
            while not self._says_ready(notified):
                self.check()
                if time.monotonic() - began > ready_s:
                    raise Failed(f"vhookd was not ready in {ready_s} s; see {self.log}")
            self.started_s = time.monotonic() - began
        self.pid = self.run.process.pid

    @staticmethod
    def _says_ready(notified):
        with contextlib.suppress(TimeoutError):
            return b"READY=1" in notified.recv(4096)
        return False

    def check(self):
        if not self.run.alive():
            raise Failed(f"vhookd ended; see {self.log}")

    def checked_at(self, webhook):
        """When its last complete check was, as text; empty: never."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/unified/webhook/" + urllib.parse.quote(webhook))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise Failed(f"the API says {answer.status} of {webhook}: {body[:200]}")
            return json.loads(body).get("checked_at", "")

    def wait_checked(self, webhooks, before, timeout_s):
        """Until each of them has been checked, and not at the time `before` has for it; those times, and how long it took."""
        began, times, left = time.monotonic(), {}, list(webhooks)
        while left:
            at = self.checked_at(left[-1])
            if at and at != before.get(left[-1]):
                times[left.pop()] = at
                continue
            self.check()
            if time.monotonic() - began > timeout_s:
                raise Failed(f"{left[-1]} was not checked in {timeout_s} s; see {self.log}")
            time.sleep(0.5 if timeout_s > 30 else 0.05)
        return times, time.monotonic() - began

    def state_mib(self):
        folder = os.path.join(os.path.dirname(self.config), "state")
        return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)) / (1 << 20)

    def finish(self):
        return self.run.finish()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def idle(folder, source, tables, webhooks, seconds, name, interval_s=60):
    """Webhooks on `tables` where nothing changes: how long they take to start and to look once, then, when all have been
    polled a second time too, CPU of daemon and database over `seconds`. Ticks are spread over the interval by a hash of the
    id, so that with hundreds of webhooks a part of an interval stands for the whole."""
    ids = [f"w{i}" for i in range(webhooks)]
    hooks = [{"id": id_, "object_type": tables[i % len(tables)]} for i, id_ in enumerate(ids)]
    sample = ids[::max(1, webhooks // 100)] + ids[-1:]
    database = tree_cpu_s(source.pid)
    daemon = Daemon(folder, source, hooks, name + ".log", {"interval": f"{interval_s}s", "hook_url": NOWHERE})
    times, first_s = daemon.wait_checked(sample, {}, 400)
    first_cpu_s, first_database_s = tree_cpu_s(daemon.pid), tree_cpu_s(source.pid) - database
    daemon.wait_checked(sample, times, 2 * interval_s + 60)
    mine, theirs, began = tree_cpu_s(daemon.pid), tree_cpu_s(source.pid), time.monotonic()
    time.sleep(seconds)
    daemon.check()
    took = time.monotonic() - began
    mine, theirs = tree_cpu_s(daemon.pid) - mine, tree_cpu_s(source.pid) - theirs
    resident, state = memory_mib(daemon.pid, "VmRSS"), daemon.state_mib()
    _, peak = daemon.finish()
    start_s = daemon.started_s
    daemon.start()
    daemon.finish()
    return {"webhooks": webhooks, "tables": len(tables), "seconds": seconds, "interval_s": interval_s, "start_s": start_s,
            "restart_s": daemon.started_s, "first_s": first_s, "first_cpu_s": first_cpu_s, "first_database_cpu_s": first_database_s,
            "daemon_percent": 100 * mine / took, "database_percent": 100 * theirs / took, "resident_mib": resident,
            "peak_mib": peak, "state_mib": state}
