"""Writes the parts of the documentation that follow from the code: ``python docs/generate.py``.

They stand between ``<!-- generated: NAME -->`` and ``<!-- end -->`` in README.md and below docs/; a test asserts that
they are current.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.binding import Binding

from foundry_bench.arguments import COMMANDS
from foundry_bench.parser import Parser, add_screen
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.go_to import GoToApp
from foundry_bench.tui.keys import bindings_of, key_owners
from foundry_bench.tui.modes import LETTERS
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.values.metrics import METRICS

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "escape": "esc",
}
# The ways of measuring that the README shows, by their names in results.json.
_WAYS = {
    "engine": "our engine",
    "engine under the screen": "our engine under its screen",
    "openai client": "the `openai` package",
}
# Whose keys work on every screen.
_EVERYWHERE = (GoToApp, FoundryBenchApp, FrameScreen)
# What a person calls the parts of screens that have keys of their own.
_PARTS = {
    "ModelDetailScreen": "One model's requests (`enter` in Results)",
    "PairwiseScreen": "Rating in pairs (`p` in Rate)",
    "HostsScreen": "The hosts of a fleet (`H` in Run or Results)",
    "FiguresTable": "A table of figures",
    "ModelTable": "The list of models",
    "EventLog": "The log of a run",
    "FilterLine": "A filter",
    "FormInput": "A line of a form",
    "FormatList": "The formats of a report",
    "HelpScreen": "Help",
    "PickScreen": "A list to choose from",
    "NoteScreen": "A note",
    "ConfirmScreen": "A question",
    "QuitScreen": "Leaving while a benchmark runs",
}


def pages() -> list[Path]:
    """Every page that may hold a generated part."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def renewed(text: str) -> str:
    """A page with its generated parts as the code has them now."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_BLOCKS[block[2]]()}\n{block[3]}", text)


def _table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _commands() -> str:
    """Each command: what it does, what it takes, examples."""
    whole = Parser("foundry-bench", "", "")
    add_screen(whole)
    parts = ["\n## `foundry-bench`\n\nOpens the screen.\n", _arguments(whole)]
    for name, (summary, fill, examples) in COMMANDS.items():
        parser = Parser(f"foundry-bench {name}", "", "")
        fill(parser)
        parts += [f"## `{name}`\n\n{summary[0].upper()}{summary[1:]}.\n", _arguments(parser)]
        parts += [f"```text\n{examples}\n```\n"]
    return "\n".join(parts)


def _arguments(parser: argparse.ArgumentParser) -> str:
    rows = ([_spelling(action), (action.help or "").replace("%%", "%")] for action in parser._actions)
    return _table(("argument", "what it is"), (row for row in rows if row[0] != "`-h`, `--help`"))


def _spelling(action: argparse.Action) -> str:
    value = str(action.metavar or "|".join(map(str, action.choices or ())))
    if not action.option_strings:
        return f"`{value}`"
    takes = f" `{value}`" if value and action.nargs != 0 else ""
    return ", ".join(f"`{option}`" for option in action.option_strings) + takes


def _keys() -> str:
    """The keys of the application, of each mode in the header's order, then those of its parts."""
    everywhere = [binding for owner in _EVERYWHERE for binding in bindings_of(owner)]
    parts = ["\n## Everywhere\n", _key_table(everywhere)]
    classes = {owner.__name__: owner for owner in key_owners()}
    for letter, mode in LETTERS.items():
        owner = classes.pop(f"{mode.title()}Screen", None)  # a mode need have no keys of its own
        parts += [f"## {mode.title()}: `g` `{letter}`\n", _key_table(bindings_of(owner)) if owner else ""]
    for owner in _EVERYWHERE:
        del classes[owner.__name__]
    for name, title in _PARTS.items():
        parts += [f"## {title}\n", _key_table(bindings_of(classes.pop(name)))]
    if classes:
        raise LookupError(f"{', '.join(classes)} have keys; give them a title in _PARTS")
    return "\n".join(parts)


def _key_table(bindings: Sequence[Binding]) -> str:
    rows = ([_key(binding), binding.description, f"`{binding.id}`" if binding.id else ""] for binding in bindings)
    return _table(("key", "what it does", "name in `[keys]`"), rows)


def _key(binding: Binding) -> str:
    return " ".join(f"`{_KEY_NAMES.get(key, key)}`" for key in binding.key.split(","))


def _metrics() -> str:
    """The metrics: name, heading, unit, formula."""
    rows = ([f"`{name}`", metric.label, metric.unit, metric.definition] for name, metric in METRICS.items())
    return _table(("in files", "in tables", "unit", "definition"), rows)


def _figures() -> str:
    """The tool's own timing error, from the recorded results."""
    part = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))["fidelity"]
    rows = [row for row in part["rows"] if row["way"] in _WAYS and row["level"]["streams"] in {1, 64}]
    table = _table(("streams", "measured by", "TTFT error in ms", "ITL error in ms"), map(_figures_row, rows))
    machine = part["machine"]
    return (
        f"{table}\nErrors as p50 / p99 (n), {machine['date']}, on {machine['cores']} cores of {machine['cpu']} shared "
        "with other work; repeat it with `python benchmarks/run.py fidelity`."
    )


def _figures_row(row: Mapping[str, Any]) -> list[str]:
    level = row["level"]
    errors = (level["ttft"], level["itl"])
    sizes = (f"{error['p50_s'] * 1e3:.3f} / {error['p99_s'] * 1e3:.3f} ({error['n']})" for error in errors)
    return [f"{level['streams']}, a token each {level['interval_s'] * 1e3:.0f} ms", _WAYS[row["way"]], *sizes]


_BLOCKS: Mapping[str, Callable[[], str]] = {
    "commands": _commands,
    "keys": _keys,
    "metrics": _metrics,
    "figures": _figures,
}


if __name__ == "__main__":
    for page in pages():
        before = page.read_text("utf-8")
        if (after := renewed(before)) != before:
            page.write_text(after, "utf-8")
            print(f"{page.relative_to(ROOT)}: written anew")
