"""How the screen is to look and behave; nothing here imports Textual."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

# Columns, or lines, or both: below the smallest nothing is shown; what is narrow or short has less around it.
SMALLEST = (50, 15)
NARROW_BELOW = 76
SHORT_BELOW = 22
WIDE_FROM = (110, 34)

TICK_S = 0.1
SLOW_TICK_S = 0.25
SLOW_LINE_BYTES_PER_S = 6_000  # of a line of 64 kbit/s; the rest is left to the answers to keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Choices of the command line, the environment and the user's config.

    Attributes:
        theme: name of a theme, or the path of a theme's file.
        ascii: draw with characters of ASCII alone.
        low_bandwidth: send only what differs, redraw seldom, move texts by half pages, all within what a slow line
            carries.
        keys: other keys for actions, by the action's id.
        theme_folder: a folder of the user's own themes.
    """

    theme: str = "dark"
    ascii: bool = False
    low_bandwidth: bool = False
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    theme_folder: Path | None = None

    @property
    def tick_s(self) -> float:
        """Seconds between two looks at what has changed."""
        return SLOW_TICK_S if self.low_bandwidth else TICK_S

    @property
    def most_bytes_per_s(self) -> float | None:
        """How much a benchmark under way may send to the terminal; None where that is no matter."""
        return SLOW_LINE_BYTES_PER_S if self.low_bandwidth else None

    @property
    def glyphs(self) -> "Glyphs":
        """The characters to draw with."""
        return ASCII if self.ascii else UNICODE


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters that mean something. ``sparks`` from the least to the most, ``spinner`` one a tick."""

    marked: str
    cached: str
    loaded: str
    own: str
    done: str
    failed: str
    working: str
    waiting: str
    paused: str
    skipped: str
    bar: str
    bar_half: str
    bar_rest: str
    up: str
    down: str
    branch: str
    last_branch: str
    dot: str
    about: str
    sparks: str
    spinner: str


UNICODE = Glyphs(
    marked="\N{CHECK MARK}",
    cached="\N{BLACK CIRCLE}",
    loaded="\N{BLACK UP-POINTING TRIANGLE}",
    own="\N{BLACK DIAMOND}",
    done="\N{CHECK MARK}",
    failed="\N{BALLOT X}",
    working="\N{BLACK RIGHT-POINTING SMALL TRIANGLE}",
    waiting="\N{MIDDLE DOT}",
    paused="\N{DOUBLE VERTICAL LINE}",
    skipped="\N{EN DASH}",
    bar="\N{BOX DRAWINGS HEAVY HORIZONTAL}",
    bar_half="\N{BOX DRAWINGS HEAVY LEFT}",
    bar_rest="\N{BOX DRAWINGS LIGHT HORIZONTAL}",
    up="\N{UPWARDS ARROW}",
    down="\N{DOWNWARDS ARROW}",
    branch="\N{BOX DRAWINGS LIGHT VERTICAL AND RIGHT}",
    last_branch="\N{BOX DRAWINGS LIGHT UP AND RIGHT}",
    dot="\N{MIDDLE DOT}",
    about="\N{ALMOST EQUAL TO}",
    sparks="▁▂▃▄▅▆▇█",
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
)
ASCII = Glyphs(
    marked="x",
    cached="*",
    loaded="^",
    own="+",
    done="+",
    failed="!",
    working=">",
    waiting=".",
    paused="=",
    skipped="-",
    bar="#",
    bar_half="#",
    bar_rest="-",
    up="^",
    down="v",
    branch="|",
    last_branch="`",
    dot="-",
    about="~",
    sparks="_.-=+*%#",
    spinner="|/-\\",
)
