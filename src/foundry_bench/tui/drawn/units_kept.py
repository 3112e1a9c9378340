"""Lines that part no figure from its unit."""

import re
from textwrap import wrap

from rich.text import Text

_UNIT = re.compile(r"(?<=\d) (?=%|(?:ms|s|MB|GB|tok/s)\b)")
_GLUE = "\N{NO-BREAK SPACE}"


def units_kept(text: str, width: int) -> Text:
    """The text in lines of ``width`` columns, none of which ends between a number and its unit; Textual's own breaking
    parts them, whatever the space between them is.
    """
    lines = []
    for line in text.split("\n"):
        lines += wrap(_UNIT.sub(_GLUE, line), width or len(line) + 1, break_on_hyphens=False) or [""]
    return Text("\n".join(lines).replace(_GLUE, " "))
