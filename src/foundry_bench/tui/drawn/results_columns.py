"""The columns of the results: what each shows of a model, what it sorts by, which way is better."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import set_cell_size

from foundry_bench.session.run_view import RunView
from foundry_bench.tui.display import NARROW_BELOW, WIDE_FROM, Display
from foundry_bench.tui.drawn.cells import Cell, Heading, Order
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.values.cautions import Caution
from foundry_bench.values.format import UNDEFINED, figure, joules, mean_with_interval, megabytes, one_line, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import ModelResult
from foundry_bench.values.spark import spark

_SHORTEST_NAME = 10
_UPPER = ("p95", "p99")
_SAMPLE_SIZE = ("few_for_p95", "few_for_p99")


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell before the marks: text, and the value that it sorts and competes by."""

    text: str
    order: Order = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. ``metric`` is the metric whose cautions belong beside it."""

    name: str
    of: Callable[[RunView, ModelResult, Display], Shown]
    better: Literal["lower", "higher"] | None = None
    metric: str | None = None
    statistic: str = ""
    figures: bool = True


def _metric(metric: str, statistic: str, name: str, *, interval: bool = False) -> Column:
    unit = METRICS[metric].unit

    def of(_view: RunView, model: ModelResult, _display: Display) -> Shown:
        distribution = model.metrics.get(metric)
        value = getattr(distribution, statistic, None)
        text = mean_with_interval(distribution, unit) if interval else figure(value, unit)
        return Shown(text.removesuffix(" tok/s"), value)

    return Column(name=name, of=of, better=METRICS[metric].better, metric=metric, statistic=statistic)


def _model(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    name = one_line(model.name)
    return Shown(name, name.lower())


def _device(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    name = one_line(model.device or UNDEFINED).upper()
    return Shown(name, name)


def _count(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(str(model.counts.answered), model.counts.answered)


def _failed(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(str(model.counts.failed), model.counts.failed)


def _rounds(view: RunView, model: ModelResult, display: Display) -> Shown:
    traces = view.traces.get(model.name)
    if traces is None:
        return Shown(UNDEFINED)
    levels = traces.by_round(traces.latency_s)
    latency = model.metrics.get("latency_s")
    return Shown(spark(levels, display.glyphs.sparks, 8), latency.mean if latency else None)


def _rating(view: RunView, model: ModelResult, display: Display) -> Shown:
    score = view.quality.mean(model.name) if view.quality else None
    return Shown(UNDEFINED if score is None else signs(ascii_only=display.ascii).stars(score), score)


def _status(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(model.status, model.status)


def _memory(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(megabytes(model.memory.peak_mb), model.memory.peak_mb)


def _disk(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(megabytes(model.disk_mb), model.disk_mb)


def _energy(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    per_token = model.energy.joules_per_token if model.energy else None
    return Shown(joules(per_token), per_token)


def _load(_view: RunView, model: ModelResult, _display: Display) -> Shown:
    return Shown(seconds(model.load_s), model.load_s)


COLUMNS: Mapping[str, Column] = {
    "model": Column(name="Model", of=_model, figures=False),
    "device": Column(name="Dev", of=_device, figures=False),
    "ttft_s.p50": _metric("ttft_s", "p50", "TTFT"),
    "ttft_s.p95": _metric("ttft_s", "p95", "p95"),
    "latency_s.p50": _metric("latency_s", "p50", "Latency"),
    "latency_s.p95": _metric("latency_s", "p95", "p95"),
    "itl_s.p50": _metric("itl_s", "p50", "ITL"),
    "itl_s.p99": _metric("itl_s", "p99", "p99"),
    "decode_tokens_per_s.p50": _metric("decode_tokens_per_s", "p50", "tok/s"),
    "decode_tokens_per_s.mean": _metric("decode_tokens_per_s", "mean", "tok/s", interval=True),
    "output_tokens_per_s.mean": _metric("output_tokens_per_s", "mean", "Output/s", interval=True),
    "prefill_tokens_per_s.mean": _metric("prefill_tokens_per_s", "mean", "Prefill/s", interval=True),
    "rounds": Column(name="Rounds", of=_rounds, figures=False),
    "n": Column(name="n", of=_count),
    "failed": Column(name="Err", of=_failed),
    "rating": Column(name="Rated", of=_rating, better="higher", figures=False),
    "memory": Column(name="Memory", of=_memory, better="lower"),
    "disk": Column(name="Disk", of=_disk, better="lower"),
    "energy": Column(name="J/token", of=_energy, better="lower"),
    "load": Column(name="Load", of=_load, better="lower"),
    "status": Column(name="Status", of=_status, figures=False),
}

_NARROW = ("model", "ttft_s.p50", "ttft_s.p95", "decode_tokens_per_s.p50", "rounds")
_MIDDLE = ("model", "device", "ttft_s.p50", "ttft_s.p95", "decode_tokens_per_s.p50", "rounds", "failed", "rating")
_LARGE = (
    *("model", "device", "ttft_s.p50", "ttft_s.p95", "latency_s.p50", "itl_s.p50", "itl_s.p99"),
    *("decode_tokens_per_s.p50", "rounds", "failed", "rating"),
)


def fitting(width: int) -> Sequence[str]:
    """The keys of the columns for a terminal of this width."""
    if width < NARROW_BELOW:
        return _NARROW
    return _MIDDLE if width < WIDE_FROM[0] else _LARGE


def rows(view: RunView, keys: Sequence[str], display: Display, width: int) -> list[tuple[str, list[Cell]]]:
    """A row a model: its cells, with the best of each column marked and a sign where a caution touches the figure.

    Answers that are none win nothing, and their model's name has the sign.
    Names are shortened as far as that lets the columns fit into ``width``.
    """
    shown = {model.name: {key: COLUMNS[key].of(view, model, display) for key in keys} for model in view.record.models}
    sound = {name: cells for name, cells in shown.items() if not degenerate(view, name)}
    best = {key: _best(COLUMNS[key], [cells[key].order for cells in sound.values()]) for key in keys}
    sign = signs(ascii_only=display.ascii)
    found = []
    for model in view.record.models:
        cells = []
        for key, cell in shown[model.name].items():
            column, text = COLUMNS[key], cell.text
            won = best[key] is not None and cell.order == best[key] and model.name in sound
            text = f"{sign.best} {text}" if won else text
            text = f"{display.glyphs.failed} {text}" if key == "model" and model.status != "ok" else text
            if key == "model" and model.name not in sound:
                text = f"{sign.caution} {text}"
            if column.metric:
                text += sign.caution if cautions(model, column) and cell.order is not None else " "
            cells.append(Cell(text, cell.order, style="bold" if won else "", right=column.figures))
        found.append((model.name, cells))
    _shorten([cells for _, cells in found], keys, width)
    return found


def _shorten(rows: Sequence[Sequence[Cell]], keys: Sequence[str], width: int) -> None:
    """Cut the names, which stand in the first column; their ends tell as much as their beginnings."""
    others = zip(headings(keys)[1:], zip(*(cells[1:] for cells in rows), strict=True), strict=False)
    taken = sum(2 + max(len(heading.name), *(cell.cell_len for cell in cells)) for heading, cells in others)
    room = max(_SHORTEST_NAME, width - taken - 2)
    for name, *_ in rows:
        if name.cell_len > room:
            begin, end = room // 2, (room - 1) // 2
            name.plain = f"{set_cell_size(name.plain, begin)}…{set_cell_size(name.plain[::-1], end)[::-1]}"


def headings(keys: Sequence[str]) -> list[Heading]:
    """The headings of these columns; figures leave room for the caution's sign."""
    columns = {key: COLUMNS[key] for key in keys}
    return [Heading(key, one.name + (" " if one.metric else ""), one.figures) for key, one in columns.items()]


def title_of(key: str) -> str:
    """A column's name in full."""
    column = COLUMNS[key]
    return f"{METRICS[column.metric].label} {column.statistic}" if column.metric else column.name


def cautions(model: ModelResult, column: Column) -> list[Caution]:
    """The cautions that touch a column's figure: those of its metric; of the sample's size only the upper ends."""
    if column.metric is None:
        return []
    return [
        caution
        for caution in model.warnings
        if caution.metric == column.metric and (column.statistic in _UPPER or caution.kind not in _SAMPLE_SIZE)
    ]


def degenerate(view: RunView, name: str) -> str | None:
    """What makes a model's answers none, which `rank` refuses; None where nothing does."""
    check = view.outputs.get(name)
    return check.reason() if check else None


def _best(column: Column, orders: Sequence[Order]) -> float | None:
    """The best value, where there is anything to be better than."""
    values = [order for order in orders if isinstance(order, (int, float))]
    if column.better is None or len(set(values)) < 2:
        return None
    return min(values) if column.better == "lower" else max(values)
