"""The hosts of a fleet as rows of a table, and one of them in full; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from foundry_bench.session.host_tables import hosts_table
from foundry_bench.tui.drawn.cells import Cell, Heading
from foundry_bench.tui.drawn.progress_lines import DOING
from foundry_bench.values.fleet import HostRecord, hosts_plan, shares_of
from foundry_bench.values.format import UNDEFINED, megabytes, one_line
from foundry_bench.values.host_facts import HostFacts, HostModel
from foundry_bench.values.host_matrix import versions
from foundry_bench.values.result import RunRecord
from foundry_bench.values.snapshot import ModelProgress, Snapshot

_NAMES = 13
_BAD = {"lost", "failed", "stopped", "no answer"}
# Of the table that the command line shows, in the order in which they are cut off where room is scarce.
_MACHINE = ("Memory", "GPU", "CPU", "Cores", "System", "Timing error")
_LONGEST = 40
_NAMED = {
    "CPU": "CPU",
    "Cores": "cores",
    "Memory": "memory",
    "GPU": "GPU",
    "System": "system",
    "Timing error": "timing error",
    "Tags": "tags",
    "Dask's limit": "Dask's limit",
}
_SELDOM = {"tags", "Dask's limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One host: how it stands, its requests that are over and all of them, None where nothing is measured."""

    host: HostRecord
    state: str
    why: str = ""
    requests: tuple[int, int] | None = None
    models: tuple[HostModel, ...] | None = None


def asked_rows(hosts: Sequence[HostRecord], facts: Mapping[str, HostFacts]) -> list[HostRow]:
    """Hosts of a cluster, by what those that answered said of themselves."""
    found = []
    for host in hosts:
        told = facts.get(host.name)
        row = HostRow(host=host, state="asked")
        if told:
            state = "there" if told.environment else "no answer"
            row = replace(row, state=state, why=told.problem or "", models=told.models)
        found.append(row)
    return found


def run_rows(record: RunRecord, snapshot: Snapshot | None) -> list[HostRow]:
    """Hosts of a run, as it stands in a snapshot or, without one, as it is recorded."""
    return [_live(host, snapshot) if snapshot else _recorded(host, record) for host in record.hosts]


def fitting(rows: Sequence[HostRow], width: int) -> tuple[list[Heading], list[tuple[str, list[Cell]]]]:
    """The columns that there is room for, and the rows by the hosts' names."""
    texts = [_texts(row) for row in rows]
    names = ["Host", "State", *(["Requests"] if any(row.requests for row in rows) else []), *_MACHINE]
    shown, room = list[Heading](), width
    for name in names:
        room -= 2 + max(len(name), *(cell_len(text[name]) for text in texts))
        if room < 0 and len(shown) > 1:
            break
        shown.append(Heading(name.lower(), name, figures=name in {"Requests", "Memory", "Cores"}))
    return shown, [(row.host.name, _cells(row, text, shown)) for row, text in zip(rows, texts, strict=True)]


def host_text(row: HostRow | None, width: int) -> Text:
    """Lines of a name and a value each; values come from others and are never markup."""
    if row is None:
        return Text("no host", "dim")
    text = Text.assemble((one_line(row.host.name), "bold"))
    for name, value in _lines(row):
        parts = wrap(one_line(value), max(12, width - 1 - _NAMES)) or [UNDEFINED]
        for place, part in enumerate(parts):
            text.append(f"\n{'' if place else name:{_NAMES}}", "dim").append(part)
    return text


def _lines(row: HostRow) -> Iterator[tuple[str, str]]:
    known, host = _machine(row.host), row.host
    yield "state", f"{row.state}: {row.why}" if row.why else row.state
    if row.requests:
        yield "requests", _requests(row)
    for heading, name in _NAMED.items():
        if name not in _SELDOM or known[heading] != UNDEFINED:
            yield name, known[heading]
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions(host).items())
    if row.models is not None:
        held = (f"{one_line(model.id)} {megabytes(model.size_mb)}" for model in row.models)
        yield "models", ", ".join(held) or "none on its disk"
    yield "address", host.address
    for note in host.notes:
        yield "note", note


def _texts(row: HostRow) -> dict[str, str]:
    """The cells of a row, by heading."""
    found = _machine(row.host) | {"Host": one_line(row.host.name), "State": row.state, "Requests": _requests(row)}
    return {name: text[:_LONGEST] for name, text in found.items()}


def _cells(row: HostRow, texts: Mapping[str, str], shown: Sequence[Heading]) -> list[Cell]:
    style = "bold" if row.state.partition(",")[0] in _BAD else ""
    return [Cell(texts[one.name], style=style if one.name == "State" else "", right=one.figures) for one in shown]


def _machine(host: HostRecord) -> dict[str, str]:
    """What a host is, by the headings of the table of hosts."""
    table = hosts_table([host], status=False)
    return {column.heading: str(cell) for column, cell in zip(table.columns, table.rows[0], strict=True)}


def _live(host: HostRecord, snapshot: Snapshot) -> HostRow:
    models = snapshot.models_on(host.name)
    requests = sum(one.done for one in models), sum(one.requests + one.later for one in models)
    told = next((one for one in snapshot.hosts if one.name == host.name), None)
    if told is None:
        return HostRow(host=host, state=host.status, requests=requests)
    state = f"{told.status}, back" if told.back else told.status
    if told.status == "running":
        state = "paused" if snapshot.paused_at_s is not None else _doing(models)
    return HostRow(host=host, state=state, why=told.message, requests=requests)


def _doing(models: Sequence[ModelProgress]) -> str:
    stage = next((one.stage for one in models if one.stage and not one.status), None)
    return DOING.get(stage, stage) if stage else "running"


def _recorded(host: HostRecord, record: RunRecord) -> HostRow:
    rows = [model for model in record.models if model.host == host.name]
    done = sum(model.counts.answered + model.counts.failed for model in rows)
    plan = hosts_plan(record.plan, shares_of(record.plan, record.hosts)[host.name])
    whole = plan.rounds * len(plan.prompts) * len(plan.models)
    why = host.error.message if host.error else ""
    return HostRow(host=host, state=host.status, why=why, requests=(done, max(done, whole)))


def _requests(row: HostRow) -> str:
    return UNDEFINED if row.requests is None else f"{row.requests[0]:,}/{row.requests[1]:,}"
