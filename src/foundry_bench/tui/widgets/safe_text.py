"""What a model or a server says, made fit for a screen: it is data and can't act."""

import re

from foundry_bench.values.format import one_line

MOST_SHOWN = 20_000
_LINES = re.compile(r"\r\n|\r|\n")


def safe_lines(text: str, most: int = MOST_SHOWN) -> str:
    """The text without escape sequences and control characters, line by line; what is beyond ``most`` is counted.

    Long answers are cut before they are cleaned: a megabyte on one line costs no more than a page.
    """
    lines = _LINES.split(text[:most])
    cleaned = "\n".join(one_line(line.expandtabs(4)) if line.strip() else "" for line in lines)
    rest = len(text) - most
    return f"{cleaned}\n[{rest:,} more characters; y copies them all]" if rest > 0 else cleaned
