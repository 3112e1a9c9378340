"""The tool's own weight on the model: tokens/s under the full screen against those that a bare socket client sees.

Both ask the same embedded runtime for the same answer, turn and turn about. The screen's share is a run of the product
in a pseudo-terminal, its worker holding the runtime; the bare share is a process with the runtime alone and a bare
socket client beside it.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from terminal import watch

from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.store import read_samples
from foundry_bench.values.metrics import decode_tokens_per_s
from foundry_bench.values.plan import Plan, Prompt

HERE = Path(__file__).parent
_PROMPT = Prompt(id="drag", prompt="Explain retrieval-augmented generation in two sentences.")
_TOKENS = 128

_SERVE = """
import msgspec, os, sys
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.worker.foundry_runtime import FoundryRuntime
from foundry_bench.worker.foundry_search import search
runtime = FoundryRuntime(msgspec.json.decode(os.environ["DRAG_RUNTIME"], type=Runtime))
found = search(runtime, Target(name=sys.argv[1], backend="foundry", model=sys.argv[1]), None)
found.sdk.load()
runtime.manager.start_web_service()
print(runtime.manager.urls[0], found.entry.id, flush=True)
sys.stdin.read()
os._exit(0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drag:
    """Decode tokens/s of each round, and what the screen took of a core and of the line while it followed."""

    model: str
    cores: str
    bare: tuple[float, ...]
    screen: tuple[float, ...]
    screen_cpu_percent: float
    screen_bytes_per_s: float

    @property
    def kept(self) -> tuple[float, float, float]:
        """The share of the bare client's speed that is kept, with its 95 % interval: the ratio of the means, each round
        of both resampled (bootstrap, 2,000 times, fixed seed).
        """
        rng = np.random.default_rng(0)
        bare, screen = np.array(self.bare), np.array(self.screen)
        ratios = [rng.choice(screen, screen.size).mean() / rng.choice(bare, bare.size).mean() for _ in range(2000)]
        low, high = np.percentile(ratios, (2.5, 97.5))
        return float(screen.mean() / bare.mean()), float(low), float(high)


def measure(folder: Path, model: str, *, rounds: int = 20, cores: str = "") -> Drag:
    """Measure both, interleaved; ``cores`` confines everything to these processors (Linux)."""
    runtime = with_default_folders(resolve({}, os.environ, models_needed=False).plan.runtime)
    plan = Plan(
        models=(model,),
        prompts=(_PROMPT,),
        rounds=2,
        warmup=1,
        max_tokens=_TOKENS,
        runtime=runtime,
        calibrate=False,
    )
    bare: list[float] = []
    screen: list[float] = []
    cpu_s = wall_s = written = 0.0
    for turn in range((rounds + 1) // 2):
        bare += _bare_turn(plan, cores)
        seen = watch(plan, folder / f"drag{cores.replace(',', '')}-{turn}", cores=cores)
        if seen.run is None:
            raise RuntimeError("the application recorded no run")
        rates = [decode_tokens_per_s(sample) for sample in read_samples(seen.run) if sample.phase == "measure"]
        screen += [rate for rate in rates if rate]
        cpu_s, wall_s, written = cpu_s + seen.followed_cpu_s, wall_s + seen.followed_s, written + seen.followed_bytes
        print(f"drag {turn}: bare {bare[-2:]}, screen {screen[-2:]}")
    return Drag(
        model=model,
        cores=cores or "all",
        bare=tuple(bare),
        screen=tuple(screen),
        screen_cpu_percent=100 * cpu_s / wall_s,
        screen_bytes_per_s=written / wall_s,
    )


def _bare_turn(plan: Plan, cores: str) -> list[float]:
    """One warm-up and as many answers as the plan has rounds, through a bare socket; their decode rates."""
    confined = ["taskset", "-c", cores] if cores else []
    with _served(plan, confined) as (url, model_id):
        command = [*confined, sys.executable, str(HERE / "bare_client.py"), url, model_id, "1", str(plan.max_tokens)]
        done = subprocess.run(
            [*command, str(plan.rounds + plan.warmup), plan.prompts[0].prompt], stdout=subprocess.PIPE, check=True
        )
    answers = json.loads(done.stdout)["answers"][plan.warmup :]
    return [(len(a["times_ns"]) - 1) / (a["times_ns"][-1] - a["times_ns"][0]) * 1e9 for a in answers]


@contextlib.contextmanager
def _served(plan: Plan, confined: list[str]) -> Iterator[tuple[str, str]]:
    """The runtime's web service in a process of its own: its URL and the model's id."""
    environ = os.environ | {"DRAG_RUNTIME": msgspec.json.encode(plan.runtime).decode()}
    command = [*confined, sys.executable, "-c", _SERVE, plan.models[0]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            url, model_id = line.split()
            yield url, model_id
        finally:
            process.communicate()
