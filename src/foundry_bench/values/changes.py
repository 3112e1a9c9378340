"""What else changed between two recorded models: machine, versions, plan, and the answers themselves."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from foundry_bench.values.plan import Plan
from foundry_bench.values.record import Sample
from foundry_bench.values.result import ModelResult, RunRecord

_IDENTITY = ("name", "id", "backend", "device", "execution_provider", "license")
# What names no condition of the measurement, or has a row of its own.
_NO_CONDITION = frozenset({"process", "models", "prompts", "capabilities", "runtime"})

Sameness = Literal["same", "changed", "varies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A condition that is not the same on both sides; None where a side doesn't have it."""

    what: str
    base: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A figure that was read once on each side, so that nothing tells how it varies.

    ``ci95`` is the 95 % interval of new - base where the figure has one all the same, as scores by prompt do;
    ``counted`` figures are exact.
    """

    name: str
    base: float
    new: float
    ci95: tuple[float, float] | None = None
    counted: bool = False

    @property
    def difference(self) -> float:
        """New - base."""
        return self.new - self.base

    @property
    def change(self) -> float | None:
        """(New - base) / base; 0 where both are 0, and None where base alone is."""
        if not self.base:
            return None if self.difference else 0.0
        return self.difference / self.base


def conditions(record: RunRecord) -> dict[str, Any]:
    """What a run was measured under, by dotted names: machine, versions, plan, prompts one by one."""
    return dict(_environment(record.environment)) | dict(_plan(record.plan))


def changed_conditions(base: RunRecord, new: RunRecord) -> tuple[Change, ...]:
    """What differs between the machines, the versions and the plans of two runs; nothing for a run and itself."""
    return _changes(conditions(base), conditions(new))


def changed_model(base: ModelResult, new: ModelResult) -> tuple[Change, ...]:
    """What differs between two models: name, id, device and so on."""
    return _changes(*({name: getattr(model, name) for name in _IDENTITY} for model in (base, new)))


def readings(base: ModelResult, new: ModelResult) -> tuple[Reading, ...]:
    """The figures that are read once a model, of both models that have them; and how many requests failed."""
    pairs = [(name, getattr(base, name), getattr(new, name)) for name in ("load_s", "cold_ttft_s", "disk_mb")]
    pairs.append(("memory.peak_mb", base.memory.peak_mb, new.memory.peak_mb))
    found = [Reading(name=name, base=one, new=two) for name, one, two in pairs if one is not None and two is not None]
    failed = Reading(name="failed_requests", base=base.counts.failed, new=new.counts.failed, counted=True)
    return (*found, failed)


def answers(base: Iterable[Sample], new: Iterable[Sample]) -> Mapping[str, Sameness]:
    """Whether each prompt of both sides is answered by the same text, told by its hash.

    ``varies``: a side has several texts of its own, so that a difference tells nothing.
    """
    before, after = _texts(base), _texts(new)
    found: dict[str, Sameness] = {}
    for prompt, texts in before.items():
        if others := after.get(prompt):
            single = len(texts) == len(others) == 1
            found[prompt] = "same" if texts == others else "changed" if single or not texts & others else "varies"
    return found


def _texts(samples: Iterable[Sample]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sample in samples:
        if sample.measured:
            found.setdefault(sample.prompt_id, set()).add(sample.text_sha256)
    return found


def _changes(base: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(what=what, base=base.get(what), new=new.get(what))
        for what in dict.fromkeys((*base, *new))
        if base.get(what) != new.get(what)
    )


def _environment(environment: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in environment.items():
        if key in _NO_CONDITION:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}" if key != "packages" else name, what) for name, what in value.items())
        else:
            yield key, value


def _plan(plan: Plan) -> Iterator[tuple[str, Any]]:
    for name, value in asdict(plan).items():
        if name not in _NO_CONDITION:
            yield f"plan.{name}", value
    for prompt in plan.prompts:
        yield f"plan.prompts.{prompt.id}", prompt.prompt
        for name in ("system", "max_tokens"):
            if (value := getattr(prompt, name)) is not None:
                yield f"plan.prompts.{prompt.id}.{name}", value
