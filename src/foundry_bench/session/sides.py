"""What can be set against each other of recorded runs, model by model, and by how much two of them differ."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from foundry_bench.session.comparing import votes_between
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.run_view import samples_of
from foundry_bench.session.store import load
from foundry_bench.values.comparison import MEANS, Difference, compare
from foundry_bench.values.errors import InputError
from foundry_bench.values.votes import WinRate

_FIGURES = ("ttft_s.p50", "ttft_s.p95", *MEANS)
_RUNS_OFFERED = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """One side: a model of a run. ``prompts`` are the plan's, by id."""

    path: Path
    model: str
    prompts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.model} · {self.path.name}"


def offered(out: Path) -> tuple[Choice, ...]:
    """The models of the last runs."""
    found: list[Choice] = []
    for head in list_runs(out)[:_RUNS_OFFERED]:
        with contextlib.suppress(InputError):  # damaged, maybe only after its head
            found.extend(choices(head.path))
    return tuple(found)


def choices(path: Path) -> list[Choice]:
    """The models of a run that have figures.

    Raises:
        InputError: the run can't be read.
    """
    record = load(path)
    prompts = tuple((prompt.id, prompt.prompt) for prompt in record.plan.prompts)
    return [Choice(path, model.name, prompts) for model in record.models if model.counts.answered]


def differences(base: Choice, new: Choice) -> tuple[tuple[Difference, ...], WinRate | None]:
    """Read both sides and compare them; and how often people prefer B's answers, of two models of one run.

    Raises:
        InputError: the samples or the ratings can't be read.
    """
    found = compare(samples_of(base.path, [base.model]), samples_of(new.path, [new.model]), _FIGURES)
    return found, votes_between(base.path, base.model, new.path, new.model)
