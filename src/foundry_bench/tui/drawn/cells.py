"""What stands in a table: cells that know what they sort by, and headings."""

from dataclasses import dataclass

from rich.text import Text

Order = float | str | None


class Cell(Text):
    """What a cell shows, and the value that it sorts by; None sorts last, whichever way."""

    def __init__(self, text: str, order: Order = None, *, style: str = "", right: bool = True) -> None:
        super().__init__(text, style=style, justify="right" if right else "left", no_wrap=True)
        self.order: Order = order


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its key, its name, and whether what stands under it are figures."""

    key: str
    name: str
    figures: bool = True
