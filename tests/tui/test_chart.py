import sys
from math import inf, nan

import numpy as np
import pytest

from foundry_bench.tui.display import ASCII, UNICODE, Display
from foundry_bench.tui.drawn.plot import Axis, Curve, Plot
from foundry_bench.tui.widgets.answer_timeline import timeline
from foundry_bench.tui.widgets.chart import draw

X, Y = Axis(name="x", unit="count"), Axis(name="y", unit="s")


def plot(*curves: Curve) -> Plot:
    return Plot(title="a plot", x=X, y=Y, curves=curves)


def test_what_is_no_number_is_no_point() -> None:
    curve = Curve.of("a\x1b[31m", [1, 2, 3, 4, 5], [1.0, nan, inf, -inf, 2.0], joined=True)
    assert curve.label == "a"
    assert curve.ys.tolist() == [1.0, 2.0]
    assert "a" not in draw(plot(curve), 40, 8, ("",), ascii_only=False).plain


def test_counts_have_ticks_at_equal_steps() -> None:
    *_, ticks = draw(
        plot(Curve.of("a", [1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0])), 58, 12, ("",), ascii_only=False
    ).plain.split("\n")
    assert ticks.split() == ["0", "2", "4"]


def test_thinning_keeps_the_peaks() -> None:
    ys = np.ones(10_000)
    ys[4321] = 50.0
    ys[8765] = 0.0
    thinned = Curve.of("a", np.arange(10_000), ys).thinned(200)
    assert thinned.xs.size <= 200
    assert {0.0, 50.0} <= set(thinned.ys.tolist())


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [0.0, 0.0], [1e-9, 1e9], list(range(3000))])
def test_any_values_are_drawn_in_the_room_there_is(values: list[float], ascii_only: bool) -> None:
    curve = Curve.of("a", np.arange(len(values)), values, joined=True)
    lines = draw(plot(curve), 50, 10, ("red",), ascii_only=ascii_only).plain.splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 50
    assert not ascii_only or "".join(lines).isascii()


def test_without_plotext_it_draws_with_single_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    drawn = draw(plot(Curve.of("a", [1, 2, 3], [1, 2, 3], joined=True)), 30, 8, ("red",), ascii_only=False)
    assert drawn.plain.splitlines()[0] == "3.00 s │                    ·●"
    assert drawn.plain.count("●") == 3


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_late_token_stands_out(glyphs: object) -> None:
    times = [0.1 + 0.01 * n + (0.5 if n > 20 else 0.0) for n in range(40)]
    lines = timeline(times, 1.1, 60, Display(ascii=glyphs is ASCII)).plain.splitlines()
    assert lines[0].index("o" if glyphs is ASCII else "◇") == int(times[21] / 1.1 * 60)
    assert lines[3].startswith("0    TTFT 100 ms")
    assert lines[3].endswith("1.10 s")
    assert "510 ms before token 22" in lines[4]
    assert all(len(line) <= 60 for line in lines[:4])
