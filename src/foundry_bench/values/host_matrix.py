"""Figures of models by host: where each is worst, in what the hosts differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import ModelResult, RunRecord

# What a default has to keep on every device, as in ``ttft_s.p95``.
MATRIX = ("ttft_s.p95", "latency_s.p95", "decode_tokens_per_s.mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One figure of one model: its value on each host, None where it is undefined, and the host where it is worst."""

    model: str
    figure: str
    values: Mapping[str, float | None]
    worst: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDifference:
    """What is not the same on all hosts; None where a host doesn't have, or tell, it."""

    what: str
    values: Mapping[str, str | None]

    @property
    def differs(self) -> bool:
        """Whether there is more than one value."""
        return len(set(self.values.values())) > 1


def matrix(record: RunRecord) -> tuple[MatrixRow, ...]:
    """A row a model and figure; percentiles are each host's own, never a mean of several."""
    if not record.hosts:
        return ()
    found = []
    for model, rows in rows_by_model(record).items():
        for figure in MATRIX:
            name, statistic = figure.split(".")
            values = {
                host.name: getattr(rows[host.name].metrics.get(name), statistic, None) if host.name in rows else None
                for host in record.hosts
            }
            known = {host: value for host, value in values.items() if value is not None}
            worse = min if METRICS[name].better == "higher" else max
            worst = worse(known, key=known.__getitem__) if known else None
            found.append(MatrixRow(model=model, figure=figure, values=values, worst=worst))
    return tuple(found)


def rows_by_model(record: RunRecord) -> dict[str, dict[str, ModelResult]]:
    """The rows of a fleet's run by the plan's name of the model, then by host."""
    found: dict[str, dict[str, ModelResult]] = {}
    for row in record.models:
        if row.host is not None:
            found.setdefault(row.name.removesuffix(f"@{row.host}"), {})[row.host] = row
    return found


def version_differences(hosts: Sequence[HostRecord]) -> list[HostDifference]:
    """In what software the hosts that told of it differ."""
    told = {host.name: versions(host) for host in hosts if host.environment}
    found = [
        HostDifference(what=what, values={host: some.get(what) for host, some in told.items()})
        for what in dict.fromkeys(name for some in told.values() for name in some)
    ]
    return [one for one in found if one.differs]


def model_differences(record: RunRecord) -> list[HostDifference]:
    """In which variants of the models the hosts differ."""
    found = []
    for model, rows in rows_by_model(record).items():
        for what, part in (("id", "id"), ("execution provider", "execution_provider"), ("service", "service")):
            values = {host: _text(getattr(row, part)) for host, row in rows.items() if row.id is not None}
            found.append(HostDifference(what=f"{what} of {model}", values=values))
    return [one for one in found if one.differs]


def versions(host: HostRecord) -> dict[str, str]:
    """The versions of what a host measured with."""
    packages = host.environment.get("packages")
    found = {str(name): str(version) for name, version in packages.items()} if isinstance(packages, Mapping) else {}
    python = host.environment.get("python")
    return {**found, **({"python": str(python)} if python else {})}


def one_machine(hosts: Sequence[HostRecord]) -> list[list[str]]:
    """Hosts that run on the same machine, by its own name: at work together they disturb each other."""
    found: dict[str, list[str]] = {}
    for host in hosts:
        if machine := host.environment.get("host"):
            found.setdefault(str(machine), []).append(host.name)
    return [names for names in found.values() if len(names) > 1]


def _text(value: object) -> str | None:
    return None if value is None else str(getattr(value, "label", value))
