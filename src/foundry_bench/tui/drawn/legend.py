"""What the signs of a mode mean; some mean another thing elsewhere."""

from foundry_bench.tui.display import ASCII, UNICODE
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.values.format import UNDEFINED


def legend(mode: str, *, ascii_only: bool) -> list[tuple[str, str]]:
    """Each sign that the mode's screens draw, and its meaning there; none where they draw none."""
    glyphs, sign = (ASCII if ascii_only else UNICODE), signs(ascii_only=ascii_only)
    undefined, rated = (UNDEFINED, "undefined, never 0"), (sign.star, "rated, out of five")
    of_mode = {
        "models": [
            (glyphs.marked, "marked"),
            (glyphs.cached, "on the disk"),
            (glyphs.own, "your own, imported"),
            (glyphs.loaded, "loaded"),
            (UNDEFINED, "not known"),
        ],
        "run": [
            (glyphs.working, "under way"),
            (glyphs.waiting, "waits for its turn"),
            (glyphs.done, "done"),
            (glyphs.skipped, "skipped"),
            (glyphs.failed, "failed, or only in part done"),
            (glyphs.about, "about: counted as it comes"),
        ],
        "results": [
            (sign.best, "the best of its column"),
            (sign.caution, "a caution; the lines below tell"),
            (sign.outlier, "stands out from its like"),
            (glyphs.failed, "failed"),
            rated,
            undefined,
            ("\N{PLUS-MINUS SIGN}", "95 % interval; in the title the timing error"),
        ],
        "compare": [
            (f"{sign.up} {sign.down}", "B is higher, lower than A"),
            (sign.unclear, "the data can't tell"),
            undefined,
        ],
        "rate": [rated],
        "report": [(glyphs.marked, "will be written")],
        "history": [(glyphs.marked, "marked, to compare")],
    }
    return of_mode.get(mode, [])
