"""The common paths need nothing that POSIX alone has: they run where all of that is missing."""

import subprocess
import sys
from pathlib import Path

# What stands on POSIX is loaded first; from then on this looks like Windows to whoever asks.
_ELSEWHERE = """
import asyncio, importlib, os, pkgutil, signal, sys
import h11, msgspec, numpy, openai, platformdirs, psutil, rich.live, rich.progress, textual.app, textual.widgets
import textual.screen, textual.pilot, tomli_w, zipfile, tempfile, plotext
import foundry_bench.worker.clock, foundry_bench.worker.process_watch

def none_here(*_):
    raise NotImplementedError

missing = ("fork", "forkpty", "openpty", "setsid", "killpg", "getuid", "geteuid", "getpgid", "getloadavg", "uname",
           "sched_yield", "sched_getaffinity", "statvfs", "sync", "mkfifo", "chown", "ttyname", "wait3")
for module, names in ((os, missing), (signal, ("SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGQUIT", "pthread_kill"))):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
if hasattr(os, "process_cpu_count"):
    os.process_cpu_count = os.cpu_count  # what it counts by is among the missing
for name in ("fcntl", "termios", "tty", "pty", "resource", "grp", "pwd", "readline", "curses"):
    sys.modules[name] = None
asyncio.new_event_loop().close()  # from 3.14 on the kind of loop is chosen at the first one
asyncio.SelectorEventLoop.add_signal_handler = none_here
foundry_bench.worker.clock.KERNEL_STAMPS = False
sys.platform = "win32"

import foundry_bench
for module in pkgutil.walk_packages(foundry_bench.__path__, "foundry_bench."):
    if not module.name.endswith(("__main__", "gguf_adapter", "run_inside")):
        importlib.import_module(module.name)

from foundry_bench.cli import main
url, folder = sys.argv[1:]
run = ["run", "-e", url, "-m", "reference?interval_ms=1&delay_ms=1", "--rounds", "2", "--max-tokens", "4"]
reports = ["history"], ["report", "last"], ["rank", "last"]
for command in (run, *reports):
    code = main([*command, "--out", folder])
    assert code == 0, (command, code)
"""


def test_a_run_and_its_reports_without_what_posix_alone_has(reference_server: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, reference_server, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "done, in" in done.stderr
    names = [path.name for path in tmp_path.rglob("*")]
    assert names
    assert not [name for name in names if set(name) & set('<>:"|?*\\') or name.endswith((".", " "))]
