"""How often the comparison is right, on simulated runs of which the truth is known.

    python benchmarks/decisions.py [RUNS]

Each run measures a model twice (A/A), or against one that is 5 % slower (A/B), one after the other as the engine does;
or it measures one model until a rule ends it, and the true mean should be as near as the rule says.
Latencies are lognormal and autocorrelated: each answer has noise of its own, what else the machine does lasts for
several answers, and it heats up in the course of each model.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from foundry_bench.values.comparison import compare
from foundry_bench.values.record import Sample
from foundry_bench.values.resampling import Answers, Side, batches_of
from foundry_bench.values.stopping import next_look, parse_until, precise
from foundry_bench.values.votes import wilson

FIGURES = ("ttft_s.mean", "latency_s.mean", "itl_s.mean", "latency_s.p95")
TRUE_CHANGE = 0.05
MOST_ROUNDS = 1_000

_PROMPTS = {"a": (0.08, 6), "b": (0.1, 10), "c": (0.15, 14), "d": (0.2, 18)}  # TTFT in s, tokens
_GAP_S = 0.02
_TEMPLATE = Sample(
    model="m",
    model_id="m:1",
    prompt_id="a",
    response_id=None,
    phase="measure",
    round=1,
    status="ok",
    error=None,
    sent_ns=0,
    headers_s=None,
    first_byte_s=None,
    ttft_s=None,
    ttfa_s=None,
    latency_s=None,
    token_times_s=(),
    prompt_tokens=20,
    completion_tokens=None,
    token_source="usage",  # noqa: S106 - no secret
    finish_reason="stop",
    text="",
    text_sha256="",
    first_chunk_tokens=1.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """How a machine disturbs: standard deviations of logarithms, and the correlation from answer to answer.

    ``heating`` is how much slower a model gets while it is measured; ``drift`` the same from the first answer of the
    first model to the last of the second, which no comparison of the two can tell from a true difference.
    """

    noise: float = 0.05
    load: float = 0.03
    correlation: float = 0.8
    heating: float = 0.04
    drift: float = 0.0


MACHINES = {
    "usual": Machine(),
    "quiet": Machine(noise=0.02, load=0.01, heating=0.02),
    "independent noise": Machine(load=0.0, heating=0.0),
    "busy": Machine(load=0.05, correlation=0.9),
    "drifting by 3 %": Machine(drift=0.03),
}
# Rules that end after few rounds, some, and many.
WIDTHS = {"usual": (6, 4, 2), "quiet": (2, 1, 0.6), "independent noise": (6, 3, 2), "busy": (10, 6, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often a comparison was right: ``what`` it was to find, of ``runs`` runs."""

    machine: str
    what: str
    figure: str
    rounds: str
    runs: int
    right: float


def run(
    rng: np.random.Generator, machine: Machine, rounds: int, change: float = 0.0
) -> tuple[list[Sample], list[Sample]]:
    """The answers of one model, then of one that is slower by ``change``."""
    count = rounds * len(_PROMPTS)
    shocks = rng.normal(0, machine.load, 2 * count)
    load = np.empty_like(shocks)
    level = shocks[0]
    keep, renew = machine.correlation, (1 - machine.correlation**2) ** 0.5
    for place, shock in enumerate(shocks):
        level = shock if place == 0 else keep * level + renew * shock
        load[place] = level
    place = np.arange(count)
    heat = machine.heating * (1 - np.exp(-3 * place / count))
    slow = load + np.tile(heat, 2) + machine.drift * np.arange(2 * count) / (2 * count)
    return (
        [_answer(rng, machine, number, slow[number], 1.0) for number in place],
        [_answer(rng, machine, number, slow[count + number], 1.0 + change) for number in place],
    )


def _answer(rng: np.random.Generator, machine: Machine, number: int, slow: float, factor: float) -> Sample:
    prompt, (ttft_s, tokens) = list(_PROMPTS.items())[number % len(_PROMPTS)]
    first, pace = factor * np.exp(slow + rng.normal(0, machine.noise, 2))
    gaps = _GAP_S * pace * np.exp(rng.normal(0, 0.1, tokens - 1))
    times = ttft_s * first + np.concatenate([np.zeros(1), np.cumsum(gaps)])
    return replace(
        _TEMPLATE,
        prompt_id=prompt,
        round=number // len(_PROMPTS) + 1,
        ttft_s=float(times[0]),
        ttfa_s=float(times[0]),
        latency_s=float(times[-1]),
        token_times_s=tuple(times.tolist()),
        completion_tokens=tokens,
    )


def _generator(seed: int, machine: str, number: int) -> np.random.Generator:
    """Numbers of its own for each rate: of shared ones, the luck of one row is the luck of all machines."""
    return np.random.default_rng((seed, list(MACHINES).index(machine), number))


def same(machine: str, rounds: int, runs: int, figures: tuple[str, ...] = FIGURES, seed: int = 1) -> list[Rate]:
    """A/A: how often the comparison of a model with itself says that there is no difference."""
    rng = _generator(seed, machine, rounds)
    right = dict.fromkeys(figures, 0)
    for _ in range(runs):
        for one in compare(*run(rng, MACHINES[machine], rounds), figures):
            right[one.name] += one.verdict == "unclear"
    return [
        Rate(machine=machine, what="A/A", figure=figure, rounds=str(rounds), runs=runs, right=count / runs)
        for figure, count in right.items()
    ]


def different(machine: str, pilot: int, runs: int, figure: str = "latency_s.mean", seed: int = 2) -> Rate:
    """A/B: how often a true difference is found with the rounds that a first run of ``pilot`` rounds recommends."""
    rng = _generator(seed, machine, pilot)
    found, asked = 0, []
    for _ in range(runs):
        (first,) = compare(*run(rng, MACHINES[machine], pilot, TRUE_CHANGE), (figure,))
        rounds = min(first.rounds_for(TRUE_CHANGE) or MOST_ROUNDS, MOST_ROUNDS)
        asked.append(rounds)
        (second,) = compare(*run(rng, MACHINES[machine], rounds, TRUE_CHANGE), (figure,))
        found += second.verdict == "worse"
    low, middle, high = np.percentile(asked, (10, 50, 90))
    rounds_said = f"{middle:.0f} ({low:.0f} to {high:.0f}) after {pilot}"
    return Rate(machine=machine, what="A/B 5 %", figure=figure, rounds=rounds_said, runs=runs, right=found / runs)


def stopped(machine: str, percent: float, runs: int, most: int = 200, seed: int = 3) -> Rate:
    """How often the mean at which a rule ends the rounds is as near the true one as the rule says.

    Of the runs that it ends within ``most`` rounds.

    The machine doesn't heat up here, so that there is one true mean.
    """
    rng = _generator(seed, machine, int(percent * 10))
    until = parse_until(f"ttft_s.mean within {percent}%")
    steady = replace(MACHINES[machine], heating=0.0)
    raised = np.exp((steady.noise**2 + steady.load**2) / 2)
    true = raised * np.mean([ttft_s for ttft_s, _ in _PROMPTS.values()])
    ends, right = list[int](), 0
    for _ in range(runs):
        samples, _ = run(rng, steady, most)
        answers, rounds, stop = Answers(), 0, None
        while stop is None and (look := next_look(rounds + 1)) <= most:
            for sample in samples[rounds * len(_PROMPTS) : look * len(_PROMPTS)]:
                answers.add(sample)
            rounds = look
            stop, _ = precise(until, answers, rounds, looking=True)
        mean = Side(answers.groups("ttft_s", answers.prompts("ttft_s")), batches_of(range(1, rounds + 1))).mean()
        if stop:
            ends.append(rounds)
            right += bool(abs(mean / true - 1) <= percent / 100)
    low, middle, high = np.percentile(ends, (10, 50, 90))
    rounds_said = f"{middle:.0f} ({low:.0f} to {high:.0f})"
    return Rate(
        machine=machine,
        what=f"within {percent} %",
        figure="ttft_s.mean",
        rounds=rounds_said,
        runs=len(ends),
        right=right / len(ends),
    )


def measure(runs: int = 200) -> Iterator[Rate]:
    """Everything, one rate at a time."""
    for machine in MACHINES:
        for rounds in (3, 5, 10, 20):
            yield from same(machine, rounds, runs)
        for pilot in (3, 5, 10):
            yield different(machine, pilot, runs)
    for machine, widths in WIDTHS.items():
        for percent in widths:
            yield stopped(machine, percent, runs)


if __name__ == "__main__":
    for rate in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        low, high = wilson(rate.right, rate.runs)
        line = f"{rate.machine:18} {rate.what:12} {rate.figure:16} {rate.rounds:24} {rate.runs:4} {rate.right:7.1%}"
        print(f"{line} ({low:.0%} to {high:.0%})", flush=True)
