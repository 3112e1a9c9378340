"""Reads reports as their readers do: the tables and lists of a page, the tables of a Markdown document."""

from collections.abc import Mapping
from html.parser import HTMLParser

Tables = Mapping[str, list[dict[str, str]]]


class Page(HTMLParser):
    """The tables of a page by the heading before them, and all that it says."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.lists: dict[str, list[tuple[str, str]]] = {}
        self._open: list[str] = []
        self._title, self._headings, self._row, self._about = "", [""], [""], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._open.append(tag)
        match tag:
            case "h2" | "h3" | "summary":
                self._title = ""
            case "table":
                self._headings = []
            case "tr":
                self._row = []
            case "th" | "td":
                self._row.append("")
            case "dt":
                self._about = ""
            case "dd":
                self.lists.setdefault(self._title, []).append((self._about, ""))

    def handle_endtag(self, tag: str) -> None:
        # A meta tag has no end.
        while self._open and self._open.pop() != tag:
            pass
        if tag == "tr" and not self._headings:
            self._headings = self._row
        elif tag == "tr":
            row = dict(zip(self._headings, self._row, strict=True))
            self.tables.setdefault(self._title, []).append(row)

    def handle_data(self, data: str) -> None:
        match self._open[-1:]:
            case ["h2" | "h3" | "summary"]:
                self._title += data
            case ["th" | "td"]:
                self._row[-1] += data
            case ["dt"]:
                self._about += data
            case ["dd"]:
                about, text = self.lists[self._title].pop()
                self.lists[self._title].append((about, text + data))


def page(text: str) -> Page:
    found = Page()
    found.feed(text)
    return found


def markdown_tables(text: str) -> Tables:
    found: dict[str, list[dict[str, str]]] = {}
    title, headings = "", list[str]()
    for line in text.splitlines():
        if line.startswith("#"):
            title, headings = line.lstrip("# "), []
        elif line.startswith("|") and not headings:
            headings = line.removeprefix("| ").removesuffix(" |").split(" | ")
        elif line.startswith("|") and not line.startswith(("| ---", "| --:")):
            row = dict(zip(headings, line.removeprefix("| ").removesuffix(" |").split(" | "), strict=True))
            found.setdefault(title, []).append(row)
    return found
