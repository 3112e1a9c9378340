"""Shell lines of the documentation, and what each is held against."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

Kind = Literal["run", "verdict", "parsed", "ci", "pip", "outside"]

# run: carried out in a temporary home, ends with 0.     verdict: carried out, ends with 0 or 1 by the figures.
# parsed: the real parser takes it; why it isn't run.    ci: .ci/run carries it out as it stands.
# pip: the extras that it names exist.                   outside: another program's, or another machine's.
RULES: tuple[tuple[str, Kind, str], ...] = (
    (r".*pip install --quiet -e '\.\[(import|test)\]'.*", "ci", "the README's two marked commands"),
    (r"(\S*/)?pipx? (install|download|wheel) .*", "pip", "installing is CI's business"),
    (r"(\S*/)?(python3?|pytest|mkdocs|pre-commit) .*|\.ci/run|\. \.venv/.*", "outside", "the developer's tools"),
    (r"(ssh|scp|tmux|git|cd|mkdir|export|ollama|llama-server|curl|dask|tar|jq) .*", "outside", "other programs"),
    (r"foundry-bench( --\S+)*( -e \S+)?", "parsed", "the screen: tests/tui drives it by key"),
    (r"foundry-bench demo( .*)?", "parsed", "it fetches 93 MB: .ci/run does it"),
    (r"foundry-bench models (download|load|unload|remove) .*", "parsed", "tests/test_life.py does it with a catalog"),
    (r"foundry-bench models( .*)?", "parsed", "tests/test_life.py does it with a catalog"),
    (r"foundry-bench attach( .*)?", "parsed", "it waits for a benchmark under way: tests/session/test_attaching.py"),
    (r"foundry-bench calibrate( .*)?", "parsed", "half a minute: tests/session/test_calibrating.py does a short one"),
    (r"foundry-bench doctor( .*)?", "parsed", "it measures this machine: tests/test_doctor.py"),
    (r"foundry-bench import \S*(/|Qwen3-0\.6B)( .*)?", "parsed", "tests/session/test_importing.py does it"),
    (r"foundry-bench rate \S+( --rater \S+)?", "parsed", "the screen: tests/tui/test_rate.py"),
    (r"foundry-bench (fleet|run .*--cluster) .*", "parsed", "it needs a cluster: tests/fleet has one"),
    (r"foundry-bench (serve|completion)( .*)?", "parsed", "tests/test_serve.py, tests/test_completion.py"),
    (r"foundry-bench (run|probe) .*gguf:.*", "parsed", "it needs llama.cpp: tests/worker/test_gguf_adapter.py"),
    (r"foundry-bench (compare|rank) .*", "verdict", ""),
    (r"(\w+=\S+ )*foundry-bench (run|probe|import|init|history|report|rate|judge)( .*)?", "run", ""),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a reader may type; ``number`` counts the page's lines from 1."""

    page: Path
    number: int
    text: str

    @property
    def kind(self) -> Kind | None:
        """What it is held against; None where no rule knows it."""
        return next((kind for pattern, kind, _ in RULES if re.fullmatch(pattern, self.text)), None)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}: {self.text}"


def shell_lines(page: Path) -> Iterator[Line]:
    """The lines of a page's ``sh`` blocks, and those after a ``$`` in its ``console`` blocks; comments are left out."""
    inside, begun = "", ""
    for number, text in enumerate(page.read_text("utf-8").splitlines(), 1):
        if text.startswith("```"):
            inside = "" if inside else text.removeprefix("```").strip() or "text"
        elif inside in {"sh", "console"}:
            if inside == "console" and not begun and not text.startswith("$ "):
                continue
            whole = begun + text.removeprefix("$ ")
            begun = whole.removesuffix("\\") if whole.endswith("\\") else ""
            if begun:
                continue
            command = whole if "&&" in whole else " ".join(map(_quoted, shlex.split(whole, comments=True)))
            if command:
                yield Line(page, number, command)


def mentions(page: Path) -> Iterator[Line]:
    """What a page's prose calls a command of ours."""
    for number, text in enumerate(page.read_text("utf-8").splitlines(), 1):
        for command in re.findall(r"`(foundry-bench [^`]*)`", text):
            yield Line(page, number, command)


def titled_blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The files that a page has its reader write: the blocks whose fence has a title."""
    yield from re.findall(r"(?ms)^```\w+ title=\"([^\"]+)\"\n(.*?)^```", page.read_text("utf-8"))


def _quoted(word: str) -> str:
    if word in {">", ">>", "|"}:
        return word
    return shlex.quote(word) if re.search(r"[\s'\"<>$;&|*]", word) else word
