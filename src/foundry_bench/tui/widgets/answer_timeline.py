"""Where in time the tokens of an answer arrived: how dense, where the gaps are, and which of them stand out."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from foundry_bench.tui.display import Display
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.values.format import seconds
from foundry_bench.values.record import Sample
from foundry_bench.values.stats import OUTLIER_SCORE, modified_z_scores

_LISTED = 3
_FEW = 4


class AnswerTimeline(Widget):
    """Four lines: outlying gaps marked, tokens by time, the axis, the gaps in words."""

    DEFAULT_CSS = "AnswerTimeline { height: auto; }"

    sample: reactive[Sample | None] = reactive(None, layout=True)

    def __init__(self, display: Display, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._display = display

    def render(self) -> RenderResult:
        """The timeline as text."""
        sample, width = self.sample, max(10, self.content_size.width)
        if sample is None or len(sample.token_times_s) < 2 or not sample.latency_s:
            return Text("no token timeline: the answer came in one piece", "italic") if sample else ""
        return timeline(sample.token_times_s, sample.latency_s, width, self._display)


def timeline(times_s: Sequence[float], end_s: float, width: int, display: Display) -> Text:
    """The arrivals on an axis from the sending to the end of the answer, ``width`` characters long."""
    times = np.asarray(times_s)
    end_s = max(end_s, float(times[-1]))
    place = np.minimum((times / end_s * width).astype(int), width - 1)
    tokens = np.bincount(place, minlength=width)
    gaps = np.diff(times)
    outlying = np.flatnonzero(modified_z_scores(gaps) > OUTLIER_SCORE)
    sign = signs(ascii_only=display.ascii)
    above = [" "] * width
    for index in outlying:
        above[int(place[index + 1])] = sign.outlier
    text = Text(no_wrap=True, overflow="crop", end="")
    text.append("".join(above) + "\n", "bold")
    text.append(_density(tokens.tolist(), display.glyphs.sparks) + "\n")
    first = int(place[0])
    axis = display.glyphs.bar_rest
    text.append(f"{display.glyphs.waiting * first}{axis * (width - first)}\n", "dim")
    ttft, last = f"TTFT {seconds(float(times[0]))}", seconds(end_s)
    start = max(0, min(first, width - len(last) - len(ttft) - 1))
    left = f"{'0' if start > 1 else '':{start}}{ttft}"
    text.append(f"{left}{last:>{max(1, width - len(left))}}\n")
    longest = sorted(range(gaps.size), key=lambda index: -gaps[index])[:_LISTED]
    listed = ", ".join(
        f"{sign.outlier if index in outlying else ''}{seconds(float(gaps[index]))} before token {index + 2}"
        for index in longest
    )
    text.append(f"gaps: median {seconds(float(np.median(gaps)))}, longest {listed}")
    text.no_wrap = False
    return text


def _density(tokens: Sequence[int], levels: str) -> str:
    """How many tokens came in each stretch; a single one is low, unless there is nowhere more than a few."""
    top = max(_FEW, *tokens)
    return "".join(levels[(count * len(levels) - 1) // top] if count else " " for count in tokens)
