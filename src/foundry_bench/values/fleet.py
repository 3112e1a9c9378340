"""Many machines measuring one plan: what each is, whose figures are whose, how a load is divided among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from foundry_bench.values.calibration import Calibration
from foundry_bench.values.plan import Plan, Runtime
from foundry_bench.values.record import Failure, HostStatus, Sample

SampleKey = tuple[str, str, str, str, str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """A machine of a fleet, by the name of its Dask worker, and how its part of a run ended.

    Attributes:
        name: unique in a run.
        address: of the worker, as the scheduler knows it; another one after a restart.
        tags: names of the worker's resources.
        memory_limit_mb: what Dask lets the worker have; what the model's own process takes doesn't count.
        status: ``lost``: nothing was heard of it any more; ``failed``: it could not do its part.
        error: why it did not end well.
        environment: the machine, as plain JSON.
        calibration: that machine's own timing error.
        notes: what it had to say of how it measured.
    """

    name: str
    address: str
    tags: tuple[str, ...] = ()
    memory_limit_mb: float | None = None
    status: HostStatus = "waiting"
    error: Failure | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One host's part of a load that ``count`` hosts send together; ``index`` from 0."""

    index: int
    count: int

    def of(self, number: int) -> int:
        """This host's part of ``number``: all parts sum to it and differ by 1 at most."""
        return number // self.count + (self.index < number % self.count)

    def whole_round(self, part: int) -> int:
        """The number, among the rounds of all hosts, of this host's round of number ``part``."""
        return (part - 1) * self.count + self.index + 1

    def part_round(self, whole: int) -> int:
        """The reverse of ``whole_round``."""
        return (whole - 1 - self.index) // self.count + 1


def on_host(model: str, host: str) -> str:
    """What a model on one host is called in a run of several."""
    return f"{model}@{host}"


def model_names(plan: Plan, hosts: Sequence[HostRecord]) -> tuple[str, ...]:
    """The names of all that a run measures, one for each (model, host)."""
    if not hosts:
        return plan.models
    return tuple(on_host(model, host.name) for model in plan.models for host in hosts)


def shares_of(plan: Plan, hosts: Sequence[HostRecord]) -> dict[str, Share | None]:
    """Each host's part of one load, by its name; None where each host measures the whole plan."""
    return {
        host.name: Share(index=place, count=len(hosts)) if plan.spread else None for place, host in enumerate(hosts)
    }


def hosts_plan(plan: Plan, share: Share | None) -> Plan:
    """What one host measures: the plan, or its share of the plan's rounds and concurrency.

    Where the runtime keeps its files is each host's own affair.
    """
    own = replace(plan, cluster=None, on=(), spread=None, runtime=Runtime())
    if share is None:
        return own
    return replace(own, rounds=share.of(plan.rounds), concurrency=share.of(plan.concurrency))


def at_home(sample: Sample, host: str, share: Share | None) -> Sample:
    """A host's sample as the run of all hosts has it."""
    number = sample.round
    if share and sample.phase == "measure":
        number = share.whole_round(number)
    return replace(sample, model=on_host(sample.model, host), host=host, round=number)


def on_its_host(sample: Sample, host: str, share: Share | None) -> Sample:
    """The reverse of ``at_home``."""
    number = sample.round
    if share and sample.phase == "measure":
        number = share.part_round(number)
    return replace(sample, model=sample.model.removesuffix(f"@{host}"), host=None, round=number)


def sample_key(sample: Sample) -> SampleKey:
    """What tells a run's samples apart: two with the same key are one, told twice."""
    return (
        sample.model,
        sample.prompt_id,
        sample.phase,
        sample.path,
        sample.level or "",
        sample.round,
        sample.sent_ns,
    )
