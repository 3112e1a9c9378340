"""What a model or a server says, made fit for a screen: it is data and can't act."""

import re

from rich.text import Text

from foundry_bench.values.format import one_line

MOST_SHOWN = 20_000
_LINES = re.compile(r"\r\n|\r|\n")
# What makes one emoji of several: terminals differ in how wide that is, and write the rest of the line elsewhere.
_JOINTS = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d|\ufe0f")


def unjoined(text: str) -> str:
    """The text with its emoji one by one."""
    return _JOINTS.sub("", text)


def in_cells(text: str, width: int) -> str:
    """The text in exactly so many columns of the terminal, which a character may take two of: cut, or filled up."""
    line = Text(text)
    line.truncate(width, overflow="ellipsis", pad=True)
    return line.plain


def safe_lines(text: str, most: int = MOST_SHOWN) -> str:
    """The text without escape sequences and control characters, line by line; what is beyond ``most`` is counted.

    Long answers are cut before they are cleaned: a megabyte on one line costs no more than a page.
    """
    lines = _LINES.split(unjoined(text[:most]))
    cleaned = "\n".join(one_line(line.expandtabs(4)) if line.strip() else "" for line in lines)
    rest = len(text) - most
    return f"{cleaned}\n[{rest:,} more characters; y copies them all]" if rest > 0 else cleaned
