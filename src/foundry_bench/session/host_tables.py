"""The hosts of a fleet in tables: what they are, in what they differ, each model's figures on each."""

from collections.abc import Iterator, Sequence

from foundry_bench.session.tables import Cell, Column, Table
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.format import UNDEFINED, figure, megabytes, one_line, rate, seconds
from foundry_bench.values.host_matrix import matrix, model_differences, one_machine, version_differences, versions
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import RunRecord

_WORDS = ("Host", "Tags", "CPU", "GPU", "System", "Status", "Timing error")


def hosts_table(hosts: Sequence[HostRecord], *, status: bool = True) -> Table:
    """A row a host: the machine."""
    names = ["Host", "Tags", "CPU", "Cores", "Memory", "Dask's limit", "GPU", "System", "Timing error"]
    rows: list[Sequence[Cell]] = []
    for host in hosts:
        about = host.environment
        gpus = about.get("gpus")
        memory = about.get("memory_mb")
        rows.append(
            (
                one_line(host.name),
                ", ".join(map(one_line, host.tags)) or UNDEFINED,
                _told(about.get("cpu")),
                _told(about.get("cores")),
                megabytes(memory) if isinstance(memory, (int, float)) else UNDEFINED,
                megabytes(host.memory_limit_mb),
                ", ".join(map(_told, gpus)) or "none" if isinstance(gpus, (list, tuple)) else UNDEFINED,
                _told(about.get("system")),
                timing_error(host.calibration).partition(" (")[0] if host.calibration else UNDEFINED,
                *([host.status] if status else []),
            )
        )
    names += ["Status"] if status else []
    return Table([Column(name, figures=name not in _WORDS) for name in names], rows)


def versions_table(hosts: Sequence[HostRecord]) -> Table:
    """A row a host: the versions of what it measures with."""
    names = list(dict.fromkeys(name for host in hosts for name in versions(host)))
    rows = [(one_line(host.name), *(one_line(versions(host).get(name, UNDEFINED)) for name in names)) for host in hosts]
    return Table([Column("Host", figures=False), *(Column(one_line(name), figures=False) for name in names)], rows)


def matrix_table(record: RunRecord) -> Table:
    """A row a model and figure, a column a host; ``Worst`` is where the model is worst."""
    hosts = [host.name for host in record.hosts]
    rows = []
    for row in matrix(record):
        name, statistic = row.figure.split(".")
        metric = METRICS[name]
        cells = [figure(row.values[host], metric.unit) for host in hosts]
        worst = f"{figure(row.values[row.worst], metric.unit)} on {one_line(row.worst)}" if row.worst else UNDEFINED
        rows.append((one_line(row.model), f"{metric.label} {statistic}", *cells, worst))
    columns = [Column("Model", figures=False), Column("Figure", figures=False), *map(Column, map(one_line, hosts))]
    return Table([*columns, Column("Worst", figures=False)], rows)


def difference_lines(hosts: Sequence[HostRecord], record: RunRecord | None = None) -> Iterator[tuple[str, str]]:
    """What is not the same on all hosts, and what makes their figures doubtful."""
    for one in (*version_differences(hosts), *(model_differences(record) if record else ())):
        told = (f"{value or 'none'} on {host}" for host, value in one.values.items())
        yield one_line(one.what), one_line(", ".join(told))
    for names in one_machine(hosts):
        yield (
            "One machine",
            one_line(f"{', '.join(names)} run on the same one: at work together they disturb each other"),
        )


def host_lines(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What there is to say of single hosts: why one did not end well, how it measured."""
    for host in record.hosts:
        if host.error:
            yield one_line(host.name), one_line(f"{host.status}: {host.error.message}")
        yield from ((one_line(host.name), one_line(note)) for note in host.notes)


def spread_lines(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What can be said of hosts that sent one load together."""
    for model in record.models:
        if spread := model.spread:
            told = [f"merged from the samples of {', '.join(spread.hosts)}"]
            if spread.start_skew_s is not None:
                told.append(f"which began within {seconds(spread.start_skew_s)} of each other")
            if spread.total_tokens_per_s:
                low, high = map(rate, spread.total_tokens_per_s)
                told.append(f"all answers together {low}" if low == high else f"all answers together {low} to {high}")
            yield one_line(model.name), one_line(", ".join(told))


def _told(value: object) -> str:
    return UNDEFINED if value is None else one_line(str(value))
