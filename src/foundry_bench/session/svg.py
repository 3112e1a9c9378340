"""Charts as SVG text: scales, axes and marks; knows nothing of runs.

Nothing in it runs or loads anything: colours are classes (``c0`` ...) that the page's own style sheet fills in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from foundry_bench.values.format import one_line, percent, seconds
from foundry_bench.values.spark import binned
from foundry_bench.values.stats import Floats
from foundry_bench.values.ticks import log_ticks, round_ticks

Unit = Literal["s", "tokens/s", "share", "place"]
Anchor = Literal["start", "middle", "end"]

WIDTH = 380
COLOURS = 6
_LONGEST_LABEL = 44
_WIDE = 20
_SPARK_POINTS = 40

# Drawn round 0,0 and about equal in area.
_SHAPES = (
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "m-2.7-2.7h5.4v5.4h-5.4z",
    "m0-3.6l3.5 6h-7z",
    "m0-3.9l3.3 3.9l-3.3 3.9l-3.3-3.9z",
    "m0 3.6l3.5-6h-7z",
    "m-1.2-3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
    "m-3.6 0l2-3.2h3.2l2 3.2l-2 3.2h-3.2z",
)
_DASHES = ("", "6 3", "2 2", "8 2 2 2", "1 3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to positions: ``low`` to ``high``, in the unit, lie between ``start`` and ``end``."""

    name: str
    unit: Unit
    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def over(
        cls, values: ArrayLike, name: str, unit: Unit, start: float, end: float, *, zero: bool = False, log: bool = True
    ) -> "Scale":
        """One that holds all finite ``values``, and 0 where ``zero`` says so.

        It is logarithmic where they span more than a factor of 20, unless ``log`` forbids it.
        """
        found = np.asarray(values, np.float64).ravel()
        found = found[np.isfinite(found)]
        low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
        if log and low > 0 and high > _WIDE * low:
            return cls(name=name, unit=unit, low=low / 1.1, high=high * 1.1, start=start, end=end, log=True)
        room = (high - low) * 0.04 or abs(low) * 0.1 or 1.0
        bottom = 0.0 if zero and low >= 0 else low - room
        return cls(name=name, unit=unit, low=bottom, high=high + room, start=start, end=end)

    def at(self, values: ArrayLike) -> Floats:
        """The positions of ``values``, an array of their shape; not finite where they are not."""
        found, low, high = np.asarray(values, np.float64), self.low, self.high
        if self.log:
            found, low, high = np.log(found), float(np.log(low)), float(np.log(high))
        return self.start + (found - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values, and what to write at them."""
        if self.log:
            return [(tick, _round_label(tick, self.unit)) for tick in log_ticks(self.low, self.high)]
        factor, _ = self._shown
        found = round_ticks(self.low * factor, self.high * factor)
        exact = (digits for digits in range(12) if all(abs(round(one, digits) - one) < 1e-12 for one in found))
        decimals = next(exact, 12)
        return [(tick / factor, f"{tick:,.{decimals}f}") for tick in found]

    @property
    def title(self) -> str:
        """The name with what its ticks are in."""
        if self.log:
            return f"{self.name} (log scale)"
        symbol = self._shown[1]
        return f"{self.name} ({symbol})" if symbol else self.name

    @property
    def _shown(self) -> tuple[float, str]:
        match self.unit:
            case "s":
                return (1.0, "s") if self.high >= 1 else (1000.0, "ms")
            case "tokens/s":
                return 1.0, "tok/s"
            case "share":
                return 100.0, "%"
            case _:
                return 1.0, ""


def svg(title: str, description: str, height: float, marks: Iterable[str]) -> str:
    """A whole drawing ``WIDTH`` wide; title and description are what a screen reader says."""
    head = f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{_quoted(title)}. {_quoted(description)}">'
    return "".join([head, *marks, "</svg>"])


def x_axis(scale: Scale, top: float, bottom: float) -> Iterator[str]:
    """Grid lines from ``top`` to ``bottom``, numbers under them, and the name."""
    yield from vertical_ticks(scale.ticks(), scale, top, bottom)
    yield text((scale.start + scale.end) / 2, bottom + 29, scale.title, anchor="middle", style="name")


def vertical_ticks(ticks: Iterable[tuple[float, str]], scale: Scale, top: float, bottom: float) -> Iterator[str]:
    """Grid lines with a word under each."""
    for value, label in ticks:
        place = float(scale.at(value))
        yield f'<path class="grid" d="M{place:.1f} {top:g}V{bottom:g}"/>'
        yield text(place, bottom + 14, label, anchor="middle")


def y_axis(scale: Scale, left: float, right: float) -> Iterator[str]:
    """Grid lines from ``left`` to ``right``, numbers before them, and the name above."""
    for value, label in scale.ticks():
        place = float(scale.at(value))
        yield f'<path class="grid" d="M{left:g} {place:.1f}H{right:g}"/>'
        yield text(left - 4, place + 4, label, anchor="end")
    yield text(2, min(scale.start, scale.end) - 9, scale.title, style="name")


def line(xs: Floats, ys: Floats, series: int, name: str) -> str:
    """A line through the points, dashed by its series."""
    dash = _DASHES[series % len(_DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return _named(f'<path class="line c{series % COLOURS}" d="M{_points(xs, ys)}"{dashes}/>', name)


def dots(xs: Floats, ys: Floats, series: int, name: str) -> str:
    """A small round dot a point."""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    return _named(f'<path class="dots c{series % COLOURS}" d="{path}"/>', name)


def large_shape(x: float, y: float, series: int, name: str) -> str:
    """The shape of the series, larger, with a rim that lifts it off what lies under it."""
    shape = f"M0 0{_SHAPES[series % len(_SHAPES)]}"
    place = f'transform="translate({x:.1f} {y:.1f}) scale(1.8)"'
    return _named(f'<path class="mean c{series % COLOURS}" d="{shape}" {place}/>', name)


def shapes(xs: Floats, ys: Floats, series: int, name: str = "", *, style: str = "mark") -> str:
    """The shape of the series at each point."""
    shape = _SHAPES[series % len(_SHAPES)]
    path = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    return _named(f'<path class="{style} c{series % COLOURS}" d="{path}"/>', name)


def bars(ends: Iterable[tuple[float, float, float, float]], series: int) -> str:
    """Thin lines between pairs of points, such as intervals: x, y, x, y."""
    path = "".join(f"M{x:.1f} {y:.1f}L{to:.1f} {end:.1f}" for x, y, to, end in ends)
    return f'<path class="bar c{series % COLOURS}" d="{path}"/>'


def outline(xs: Floats, ys: Floats, name: str) -> str:
    """A line that belongs to no series."""
    return _named(f'<path class="front" d="M{_points(xs, ys)}"/>', name)


def text(x: float, y: float, words: str, *, anchor: Anchor = "start", style: str = "") -> str:
    """A label; a long one loses its middle, since ends of names tell as much as their beginnings."""
    words = one_line(words)
    if len(words) > _LONGEST_LABEL:
        half = _LONGEST_LABEL // 2
        words = f"{words[:half]}…{words[-half:]}"
    more = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' class="{style}"' if style else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def key(series: int) -> str:
    """The sign of a series for a legend: its line and its shape."""
    middle = np.array([14.0]), np.array([7.0])
    ends = np.array([0.0, 28.0]), np.array([7.0, 7.0])
    marks = line(*ends, series, "") + shapes(*middle, series)
    return f'<svg class="key" viewBox="0 0 28 14" aria-hidden="true">{marks}</svg>'


def sparkline(values: Sequence[float | None], words: str) -> str:
    """A line over time, as small as a word; a gap where a value is None, which not all are.

    What differs by less than a fifth of the middle looks flat, as it is.
    """
    known = np.array([np.nan if value is None else value for value in binned(values, _SPARK_POINTS)], np.float64)
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    span = max(high - low, 0.2 * abs(low + high) / 2) or 1.0
    ys = 9 - (known - (low + high) / 2) / span * 14
    xs = 2.0 + np.arange(known.size, dtype=np.float64) * (76 / max(1, known.size - 1))
    defined = np.isfinite(ys)
    breaks = np.flatnonzero(np.diff(defined.astype(int))) + 1
    runs = [part for part in np.split(np.arange(known.size), breaks) if defined[part[0]]]
    path = "".join(f"M{_points(xs[part], ys[part])}h0" for part in runs)
    last = runs[-1][-1]
    end = f'<path class="dots" d="M{xs[last]:.1f} {ys[last]:.1f}h0"/>'
    return (
        f'<svg class="spark" viewBox="0 0 80 18" role="img" aria-label="{_quoted(words)}">'
        f'<path class="line" d="{path}"/>{end}</svg>'
    )


def _points(xs: Floats, ys: Floats) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))


def _named(mark: str, name: str) -> str:
    """The mark with a name that shows when the pointer rests on it."""
    return f"<g><title>{escape(one_line(name))}</title>{mark}</g>" if name else mark


def _quoted(words: str) -> str:
    return escape(one_line(words), quote=True)


def _round_label(value: float, unit: Unit) -> str:
    """A round number as short as it can be."""
    match unit:
        case "s":
            number, symbol = seconds(value).split(" ")
            return f"{float(number.replace(',', '')):,g} {symbol}"
        case "share":
            return percent(value)
        case _:
            return f"{value:,g}"
