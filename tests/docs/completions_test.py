"""Tests the completions in their shells: completions_test.py. A stub on PATH answers in place of vhookd, and only to the expected
question. Exits with 77 if a shell is missing (Debian packages zsh, fish): the others were checked."""
import os, pty, re, select, shutil, signal, subprocess, sys, tempfile, time

completions = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../completions")
patience_s = 30
# Answers only if asked for that state and configuration.
stand_in = """#!/bin/sh
case "$*" in
  "--state /the/state --config /the/file status --json" | "--config /the/file --state /the/state status --json")
    echo '[{"id":"orders","event":"updated"},{"id":"orders-gone"}]' ;;
  "--state /the/state dead list --json") echo '[{"page":"msg_1","webhook_id":"orders"}]' ;;
  "--state=/the/state dead list --json") echo '[{"page":"msg_1","webhook_id":"orders"}]' ;;
esac
"""
where = "--state /the/state --config /the/file"
# The line up to the cursor, what must be offered there, and what must not.
cases = [
    ("vhookd sta", {"status"}, {"start", "run"}),
    ("vhookd dead ", {"list", "show", "drop"}, {"run"}),
    ("vhookd status --w", {"--watch"}, {"--json", "--once"}),
    ("vhookd --log-level ", {"trace", "debug", "info", "warn", "error"}, {"status"}),
    ("vhookd --log-level=", {"trace", "debug", "info", "warn", "error"}, {"status"}),
    (f"vhookd {where} status ", {"orders", "orders-gone"}, {"updated"}),
    (f"vhookd {where} replay --dead ord", {"orders", "orders-gone"}, {"msg_1"}),
    ("vhookd --state=/the/state dead show ", {"msg_1"}, {"orders", "list"}),
    ("vhookd --state /the/state dead drop m", {"msg_1"}, {"orders", "list"}),
]


def offered_by_bash(line, environment):
    # Split as readline does: at blanks, and around "=".
    words = [word for part in line.split(" ") for word in re.findall(r"=|[^=]+", part) or [""]]
    quoted = " ".join("'" + word + "'" for word in words)
    script = f"source {completions}/vhookd.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _vhookd; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return set(subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, env=environment).stdout.split())


def offered_by_fish(line, environment):
    script = f"source {completions}/vhookd.fish; complete -C '{line}'"
    run = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert not run.stderr, run.stderr
    return {text.split("\t")[0].split("=")[-1] for text in run.stdout.splitlines()}


class Zsh:
    """An interactive zsh on a pseudo-terminal: it completes only there. A wrapper of compadd records what is offered."""

    def __init__(self, environment, folder):
        self.offers = os.path.join(folder, "offers")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
        self.seen = ""
        with open(os.path.join(folder, "setup"), "w") as setup:
            setup.write(f"""
PS1='> '; fpath=({completions} $fpath); autoload -U compinit; compinit -u -D
zstyle ':completion:*' completer _complete
compadd() {{
  local -a offers
  # With -O, -A or -D it only asks which words match: nothing is offered.
  if [[ " $* " != *" -"[OAD]" "* ]]; then
    builtin compadd -O offers "$@"; print -rl -- $offers >> {self.offers}
  fi
  builtin compadd "$@"
}}
offer() {{ zle expand-or-complete; BUFFER=; zle redisplay; print OFFERED-$((40 + 2)) }}
zle -N offer; bindkey '^O' offer
print READY-$((40 + 2))
""")
        self.send(f"source {folder}/setup\n")
        self.until("READY-42")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def until(self, words):
        end = time.monotonic() + patience_s
        while words not in self.seen:
            assert time.monotonic() < end, f"zsh did not print {words}: {self.seen}"
            if select.select([self.terminal], [], [], 1)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        self.seen = self.seen.split(words, 1)[1]

    def offered(self, line, _):
        open(self.offers, "w").close()
        self.send(line + "\x0f")
        self.until("OFFERED-42")
        with open(self.offers) as offers:
            return set(offers.read().split())

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


faults, missing = [], [shell for shell in ("zsh", "fish") if shutil.which(shell) is None]
with tempfile.TemporaryDirectory(prefix="vhookd-completions.") as folder:
    with open(os.path.join(folder, "vhookd"), "w") as program:
        program.write(stand_in)
    os.chmod(os.path.join(folder, "vhookd"), 0o755)
    environment = {**os.environ, "PATH": folder + ":" + os.environ["PATH"], "HOME": folder, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    zsh = None if "zsh" in missing else Zsh(environment, folder)
    shells = {"bash": offered_by_bash, "zsh": zsh and zsh.offered, "fish": offered_by_fish}
    for shell, offered in shells.items():
        if shell in missing:
            continue
        for line, wanted, unwanted in cases:
            offers = offered(line, environment)
            if not wanted <= offers or unwanted & offers:
                faults.append(f"{shell}: \"{line}\" offers {sorted(offers)}, expected {sorted(wanted)} and not {sorted(unwanted)}")
    if zsh:
        zsh.end()

print("\n".join(faults))
print(f"{len(cases) * (3 - len(missing))} lines, {len(faults)} faults" + "".join(f"; SKIPPED: {shell} is not installed" for shell in missing))
sys.exit(1 if faults else 77 if missing else 0)
