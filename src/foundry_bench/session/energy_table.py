"""What each model took of this machine, as a table and in words."""

from foundry_bench.session.tables import Column, Table
from foundry_bench.values.energy import Energy
from foundry_bench.values.format import UNDEFINED, joules, megabytes, money, one_line, percent, watts
from foundry_bench.values.result import ModelResult, RunRecord

_HEADINGS = (
    *("CPU", "GPU", "GPU memory", "Power", "J/token", "Above idle", "J/answer", "Cost/M tokens"),
    "Energy is",
)


def energy_table(record: RunRecord) -> Table:
    """A row for each model that ran in a process of ours; an endpoint's server is not this machine's to tell of."""
    rows = []
    for model in record.models:
        used, found = model.telemetry, model.energy
        if used:
            rows.append(
                (
                    one_line(model.name),
                    percent(used.cpu_percent / 100),
                    percent(None if used.gpu_percent is None else used.gpu_percent / 100),
                    megabytes(used.gpu_memory_mb),
                    watts(found.mean_w if found else None),
                    joules(found.joules_per_token if found else None),
                    joules(found.joules_per_token_above_idle if found else None),
                    joules(found.joules_per_answer if found else None),
                    _cost(found),
                    _source(found),
                )
            )
    columns = [Column(heading, figures=heading != _HEADINGS[-1]) for heading in _HEADINGS]
    return Table([Column("Model", figures=False), *columns], rows)


def energy_words(model: ModelResult) -> str:
    """The same of one model, in a line; empty where nothing is known."""
    used, found = model.telemetry, model.energy
    if used is None:
        return ""
    parts = [f"CPU {percent(used.cpu_percent / 100)}"]
    if used.gpu_percent is not None:
        parts.append(f"GPU {percent(used.gpu_percent / 100)}")
    if used.gpu_memory_mb is not None:
        parts.append(f"GPU memory {megabytes(used.gpu_memory_mb)}")
    if found:
        parts.append(f"{watts(found.mean_w)}, {joules(found.joules_per_token)} a token ({_source(found)})")
        if found.cost_per_million_tokens is not None:
            parts.append(f"{_cost(found)} a million tokens")
    return ", ".join(parts)


def _source(found: Energy | None) -> str:
    if found is None:
        return UNDEFINED
    return f"{found.source}: {one_line(', '.join(found.parts) or 'by stated watts')}"


def _cost(found: Energy | None) -> str:
    return money(found.cost_per_million_tokens, found.currency) if found else UNDEFINED
