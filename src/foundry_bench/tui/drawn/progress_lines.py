"""A benchmark under way as lines of text: bars, counts, gauges; pure."""

from dataclasses import dataclass
from textwrap import wrap

from rich.text import Text

from foundry_bench.tui.display import Glyphs
from foundry_bench.tui.drawn.safe_text import in_cells
from foundry_bench.values.eta import clock, model_eta_s, run_eta_s
from foundry_bench.values.format import megabytes, one_line, rate, seconds
from foundry_bench.values.snapshot import ModelProgress, Snapshot
from foundry_bench.values.spark import spark

DOING = {
    "start": "starting",
    "catalog": "looking it up",
    "download": "downloading",
    "load": "loading",
    "canary": "first answer",
    "warmup": "warm-up",
    "measure": "measuring",
    "sweep": "sweeping",
    "unload": "unloading",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What the lines are drawn on: the time, whether all is over, room, characters, this machine's memory in MB."""

    now_s: float
    over: bool = False
    width: int
    height: int
    glyphs: Glyphs
    memory_mb: float

    @property
    def bar_width(self) -> int:
        """What names and figures leave for a bar."""
        return max(6, min(40, self.width - self.name_width - 38))

    @property
    def name_width(self) -> int:
        """Room for a model's name."""
        return max(14, min(32, self.width // 4))


def lines_wanted(models: int) -> int:
    """The overall bar, a line a model up to six, the figures."""
    return 1 + min(models, 6) + 4


def opening_line(waited_s: float, glyphs: Glyphs) -> Text:
    """What there is to see before the benchmark tells of itself."""
    return Text(f"{glyphs.working} opening the run, {waited_s:.0f} s")


def progress_lines(snapshot: Snapshot, board: Board) -> list[Text]:
    """As many models around the one in hand as fit, between the overall bar and the figures of the one in hand."""
    figures = _figures(snapshot.model, board) if snapshot.model else []
    models = _window(snapshot, max(1, board.height - 1 - len(figures)))
    lines = [_overall(snapshot, board), *(_model(model, snapshot, board) for model in models)]
    return [*lines, *figures][: board.height]


def bar(fraction: float, glyphs: Glyphs, width: int) -> Text:
    """A bar with half steps; the part that is not done is drawn too."""
    halves = round(max(0.0, min(1.0, fraction)) * width * 2)
    full, half = divmod(halves, 2)
    text = Text(glyphs.bar * full + (glyphs.bar_half if half else ""), "bold")
    return text.append(glyphs.bar_rest * (width - full - half), "dim")


def _window(snapshot: Snapshot, count: int) -> tuple[ModelProgress, ...]:
    names = [model.name for model in snapshot.models]
    current = names.index(snapshot.current) if snapshot.current in names else 0
    start = max(0, min(current - count // 2, len(names) - count))
    return snapshot.models[start : start + count]


def _overall(snapshot: Snapshot, board: Board) -> Text:
    finished = sum(model.status is not None for model in snapshot.models)
    over = board.over or finished == len(snapshot.models)
    paused = snapshot.paused_at_s is not None
    name = f"{board.glyphs.paused if paused else ' '} {finished}/{len(snapshot.models)} models"
    end_s = _end_s(snapshot) if over else board.now_s
    tail = f" {snapshot.fraction:4.0%}" + (f"  {clock(end_s - snapshot.started_s)} elapsed" if end_s else "")
    tail += "  paused" if paused else "" if over else f"  ETA {clock(run_eta_s(snapshot, board.now_s))}"
    return _line(name, snapshot.fraction, tail, board)


def _model(model: ModelProgress, snapshot: Snapshot, board: Board) -> Text:
    glyphs, now_s = board.glyphs, board.now_s
    mark = glyphs.working if model.name == snapshot.current else glyphs.waiting
    if model.status:
        mark = {"ok": glyphs.done, "skipped": glyphs.skipped}.get(model.status, glyphs.failed)
    name = f"{mark} {one_line(model.name)}"
    if model.status:
        took = (model.finished_s or now_s) - (model.started_s if model.started_s is not None else now_s)
        why = f"  {model.message}" if model.message else ""
        return _line(name, _done(model), f" {_done(model):4.0%}  {model.status}, {clock(took)}{why}", board)
    if model.stage is None:
        return _line(name, 0.0, "       waiting", board)
    fraction = model.fraction or 0.0 if model.stage in {"download", "load"} else model.done_fraction
    doing = (
        f"round {model.round}/{model.rounds}"
        if model.stage == "measure" and model.round
        else DOING.get(model.stage, model.stage)
    )
    eta = model_eta_s(model, now_s, paused_at_s=snapshot.paused_at_s)
    tail = f" {fraction:4.0%}  {doing}" + (f"  ETA {clock(eta)}" if eta is not None else "")
    return _line(name, fraction, tail + (f"  {model.detail}" if model.detail else ""), board)


def _done(model: ModelProgress) -> float:
    """Of a finished model: what was answered, which for one that was skipped or failed is not all."""
    return (model.before + model.ok + model.failed) / model.requests


def _figures(model: ModelProgress, board: Board) -> list[Text]:
    glyphs = board.glyphs
    counts = Text.assemble(
        "  ok ", (f"{model.ok}", "bold"), f" of {model.requests}   failed ", (f"{model.failed}", "bold"),
        f"   skipped {model.skipped}",
    )  # fmt: skip
    if model.before:
        counts.append(f"   from before {model.before}")
    speed = Text.assemble("  ", (rate(model.decode_tokens_per_s), "bold"), "   TTFT p50 ")
    speed.append(seconds(model.ttft_s(0.5)), "bold").append(" p95 ").append(seconds(model.ttft_s(0.95)), "bold")
    rounds = model.round_latencies_s
    room = max(8, min(40, board.width - 34))
    latency = Text.assemble("  latency by round ", (spark(rounds, glyphs.sparks, room) or glyphs.waiting, "bold"))
    if rounds:
        latency.append(f" {seconds(rounds[-1])}")
    gauges = Text("  memory ")
    gauges.append_text(bar((model.rss_mb or 0.0) / board.memory_mb, glyphs, 8))
    gauges.append(f" {megabytes(model.rss_mb)}")
    if model.cpu_percent is not None:
        gauges.append("   CPU ").append(f"{model.cpu_percent:.0f} %", "bold")
    # Once the worker is gone its gauges say nothing, and of few rounds a curve says little; why it went does.
    parts = wrap(model.message, max(20, board.width - 2), max_lines=3, placeholder=" …")
    told = [Text(f"  {part}", "bold") for part in parts]
    return [*[counts, speed, latency, gauges][: 4 - len(told)], *told]


def _line(name: str, fraction: float, tail: str, board: Board) -> Text:
    name = in_cells(name, board.name_width + 2)
    return Text.assemble(f"{name} ", bar(fraction, board.glyphs, board.bar_width), tail, no_wrap=True)


def _end_s(snapshot: Snapshot) -> float | None:
    """When its last model ended; None where none did, as on a disk that is full."""
    return max((model.finished_s for model in snapshot.models if model.finished_s is not None), default=None)
