"""The application in a pseudo-terminal, as a person has it: started with a plan, watched, left with a key."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from foundry_bench.values.plan import Plan

_FIRST_PAINT_LIMIT_S = 20
_OPEN = """
import json, msgspec, os, sys
from pathlib import Path
from foundry_bench.session.settings import resolve
from foundry_bench.tui.start import open_app
from foundry_bench.values.plan import Plan
given = json.loads(os.environ["BENCHMARK_PLAN"])
plan = msgspec.convert(given["plan"], Plan) if given["plan"] else None
settings = resolve({"out": given["out"], "models": plan.models if plan else None}, {}, models_needed=False)
sys.exit(open_app(settings, {"low_bandwidth": given["low_bandwidth"]}, start=plan))
"""


@dataclass(slots=True)
class Watched:
    """What the screen cost: all bytes it wrote, and bytes, CPU seconds and wall seconds from first to last sample.

    ``first_paint_s`` is the time from its start to its first paint.
    """

    run: Path | None = None
    first_paint_s: float = 0.0
    bytes_written: int = 0
    followed_bytes: int = 0
    followed_cpu_s: float = 0.0
    followed_s: float = 0.0


def watch(
    plan: Plan | None,
    out: Path,
    *,
    columns: int = 120,
    rows: int = 40,
    low_bandwidth: bool = False,
    cores: str = "",
    program: str = _OPEN,
) -> Watched:
    """Run the application on ``plan`` until the run is over, then leave it by its key.

    Without a plan it is left as soon as something is on the screen. ``cores`` confines it and its worker (Linux);
    ``program`` is another application, for comparison.
    """
    out.mkdir(parents=True, exist_ok=True)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    given = {"plan": msgspec.to_builtins(plan) if plan else None, "out": str(out), "low_bandwidth": low_bandwidth}
    environ = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "BENCHMARK_PLAN": json.dumps(given)}
    command = [*(["taskset", "-c", cores] if cores else []), sys.executable, "-c", program]
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True)
    os.close(slave)
    watched = Watched()

    def drain() -> None:
        while True:
            try:
                data = os.read(master, 1 << 16)
            except OSError:
                return
            if not watched.first_paint_s and b"Models" in data:
                watched.first_paint_s = time.monotonic() - started
            watched.bytes_written += len(data)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    _follow(process, watched, out, until_painted=plan is None)
    os.write(master, b"q")
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    os.close(master)
    return watched


def _follow(process: "subprocess.Popen[bytes]", watched: Watched, out: Path, *, until_painted: bool) -> None:
    screen = psutil.Process(process.pid)
    begun: tuple[float, float, int] | None = None
    seen = 0
    while process.poll() is None:
        time.sleep(0.05)
        if until_painted:
            if watched.first_paint_s or time.time() - screen.create_time() > _FIRST_PAINT_LIMIT_S:
                return
            continue
        for run in out.glob("*/run.json"):
            watched.run = run.parent
            samples = run.with_name("samples.jsonl")
            count = samples.read_bytes().count(b'"phase":"measure"') if samples.exists() else 0
            now = (time.monotonic(), sum(screen.cpu_times()[:2]), watched.bytes_written)
            if count and begun is None:
                begun = now
            if count > seen and begun:
                seen = count
                watched.followed_s = now[0] - begun[0]
                watched.followed_cpu_s = now[1] - begun[1]
                watched.followed_bytes = now[2] - begun[2]
            if b'"status": "running"' not in run.read_bytes()[:4096]:
                return
