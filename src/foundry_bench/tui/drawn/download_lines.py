"""The queue of downloads: each with how far it is, its speed and what is left."""

from collections.abc import Sequence

from rich.text import Text

from foundry_bench.tui.display import Glyphs
from foundry_bench.tui.drawn.safe_text import in_cells
from foundry_bench.values.eta import clock
from foundry_bench.values.format import one_line
from foundry_bench.values.transfer import Transfer, eta_s, speed_mb_s

_FIGURES, _SHORT_FIGURES, _NARROW = 22, 11, 36  # " 42%  2.0 MB/s  0:31", " 42%  0:31"


def download_lines(transfers: Sequence[Transfer], width: int) -> Text:
    """A line each that is not over; empty where there is none."""
    narrow = width < _NARROW
    room = max(6, width - (_SHORT_FIGURES if narrow else _FIGURES))
    lines = []
    for transfer in transfers:
        if transfer.open:
            name = in_cells(one_line(transfer.name), room)
            lines.append(Text(f"{name}{_figures(transfer, narrow=narrow)}", no_wrap=True))
    return Text("\n").join(lines)


def summary(transfers: Sequence[Transfer], glyphs: Glyphs) -> str:
    """The one under way, and how many wait; empty where there is none."""
    under_way = [transfer for transfer in transfers if transfer.open]
    if not under_way:
        return ""
    waiting = f" +{len(under_way) - 1}" if len(under_way) > 1 else ""
    figures = " ".join(_figures(under_way[0]).split())
    return f"{glyphs.down} {one_line(under_way[0].name)} {figures}{waiting}"


def percent_done(transfer: Transfer, glyphs: Glyphs) -> str:
    """At most four characters."""
    if transfer.state == "waiting":
        return glyphs.waiting
    return f"{transfer.arrived:.0%}"


def _figures(transfer: Transfer, *, narrow: bool = False) -> str:
    if transfer.state == "waiting":
        return f"{'waits':>6}"
    if transfer.state == "retrying":
        return f"{transfer.arrived:>5.0%} try {transfer.attempt}"
    speed = speed_mb_s(transfer)
    rate = "" if speed is None or narrow else f" {speed:5.1f} MB/s"
    return f"{transfer.arrived:>5.0%}{rate} {clock(eta_s(transfer)):>5}"
