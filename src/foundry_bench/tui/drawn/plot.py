"""What a chart shows, before anything is drawn: curves cleaned, thinned and bounded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from foundry_bench.values.format import one_line, percent, seconds
from foundry_bench.values.stats import Floats

Unit = Literal["s", "tokens/s", "tokens", "share", "score", "count"]

MARKS = "●▲■◆○△□◇"
ASCII_MARKS = "ox+*#%@&"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis measures."""

    name: str
    unit: Unit
    from_zero: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Points of one series; two arrays of one length. Equal only to itself.

    ``joined`` draws a line through them; where they aren't ``marked``, only that, beneath the marks of others.
    """

    label: str
    xs: Floats
    ys: Floats
    joined: bool = False
    marked: bool = True

    @classmethod
    def of(cls, label: str, xs: ArrayLike, ys: ArrayLike, *, joined: bool = False, marked: bool = True) -> "Curve":
        """A curve of the points whose two coordinates are numbers: plotext ends the process over any other."""
        across, up = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
        kept = np.isfinite(across) & np.isfinite(up)
        return cls(label=one_line(label), xs=across[kept], ys=up[kept], joined=joined, marked=marked)

    def thinned(self, most: int) -> "Curve":
        """At most about ``most`` points: the lowest and the highest of each stretch, so that no peak is lost."""
        n = self.xs.size
        if n <= most or most < 2:
            return self
        edges = np.linspace(0, n, most // 2 + 1).astype(int)
        kept = []
        for low, high in pairwise(edges.tolist()):
            part = self.ys[low:high]
            kept += sorted({low + int(part.argmin()), low + int(part.argmax())})
        return replace(self, xs=self.xs[kept], ys=self.ys[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A chart: curves over two axes. ``empty`` says why there is nothing to draw."""

    title: str
    x: Axis
    y: Axis
    curves: Sequence[Curve]
    empty: str = "nothing was measured"

    @property
    def drawable(self) -> bool:
        """Whether there is a point to draw."""
        return any(curve.xs.size for curve in self.curves)

    def from_below(self) -> Sequence[tuple[int, Curve]]:
        """The curves with their places, in the order of drawing."""
        return sorted(enumerate(self.curves), key=lambda item: item[1].marked)

    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The lowest and highest x, and y, with some room where all are equal."""
        return (
            _bounds(np.concatenate([curve.xs for curve in self.curves]), self.x),
            _bounds(np.concatenate([curve.ys for curve in self.curves]), self.y),
        )


def tick_label(value: float, unit: Unit) -> str:
    """A number at an axis."""
    match unit:
        case "s":
            return seconds(value)
        case "share":
            return percent(value)
        case "count":
            return f"{value:.0f}"
        case _:
            return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _bounds(values: Floats, axis: Axis) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    low = min(0.0, low) if axis.from_zero else low
    return (low, high) if high > low else (low, low + (abs(low) or 1.0))
