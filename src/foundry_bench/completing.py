"""What may stand where a command line ends: the answers behind the shells' completion."""

import argparse
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from foundry_bench.arguments import COMMANDS, command_parser, screen_parser, second_words
from foundry_bench.parser import Parser
from foundry_bench.values.format import one_line

Candidate: TypeAlias = tuple[str, str]
"""A word, and what it is."""
FILES = ":files"
"""The line that asks the shell for its own completion of paths."""

# A shell puts what it is told on the command line as it is: whatever it might read as more than a word is left out.
_PLAIN = re.compile(r"[\w.:/+@=%-]+", re.ASCII)
_PATHS = {"FILE", "DIR", "PATH", "PLAN"}


def answer(argv: Sequence[str]) -> int:
    """Print a line for each candidate, with its description behind a tab, and perhaps ``FILES``; always returns 0.

    Args:
        argv: ``=`` with the word at the cursor, and the words before it; or ``--line`` with the line up to the cursor.
    """
    try:
        before, current = _split(argv[1]) if argv[:1] == ["--line"] else (argv[1:], argv[0][1:])
        lines = list(complete(before, current))
    except Exception:  # noqa: BLE001 - nobody wants a traceback in the middle of typing
        return 0
    print("\n".join(lines))
    return 0


def complete(before: Sequence[str], current: str) -> Iterator[str]:
    """The lines of ``answer``, for the words before the cursor, without the program's name, and the one at it."""
    name, rest = _command(before)
    if not rest and not current.startswith("-"):
        yield from _lines(_next_words(name), current)
    if not name and not current.startswith("-") and not rest:
        return
    parser = command_parser(name) if name else screen_parser()
    option, equals, value = current.partition("=")
    if current.startswith("--") and equals and (action := parser.option(option)):
        yield from _values(name, action, before, value, prefix=f"{option}=")
    elif (expected := parser.expected(rest)) and (expected.option_strings or not current.startswith("-")):
        yield from _values(name, expected, before, current)
    elif current.startswith("-"):
        yield from _lines(_options(parser), current)


def _split(line: str) -> tuple[list[str], str]:
    """The words of a line without the first, and the one that it ends with, whose quotes may still be open."""
    for close in ("", '"', "'"):
        try:
            words = shlex.split(line + close)
        except ValueError:
            continue
        ended = not close and line[-1:].isspace() and not line.endswith("\\ ")
        return (words[1:], "") if ended else (words[1:-1], words[-1])
    return [], ""


def _command(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command, of two words or one, or none; and its own words."""
    for count in (2, 1):
        if (name := " ".join(words[:count])) in COMMANDS and len(words) >= count:
            return name, words[count:]
    return "", words


def _next_words(name: str) -> Iterable[Candidate]:
    """Commands, or the second words of one."""
    if name:
        return [(word, COMMANDS[f"{name} {word}"][0]) for word in second_words(name)]
    return [(word, summary) for word, (summary, _, _) in COMMANDS.items() if " " not in word]


def _options(parser: Parser) -> Iterable[Candidate]:
    for action in parser.options():
        told = (action.help or "").replace("%%", "%")
        yield from ((option, told) for option in action.option_strings if option.startswith("--"))


def _values(name: str, action: argparse.Action, before: Sequence[str], current: str, prefix: str = "") -> Iterator[str]:
    """What may be given for an argument."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.choices:
        found: Iterable[Candidate] = [(str(choice), "") for choice in action.choices]
    elif "|" in metavar:
        found = [(choice, "") for choice in metavar.split("|")]
    else:
        from foundry_bench.session import candidates

        source = _SOURCES.get(f"{name}: {action.dest}") or _SOURCES.get(action.dest)
        found = source(candidates, before, current) if source else ()
    yield from _lines(found, current, prefix)
    if metavar in _PATHS or action.dest in _OR_PATHS:
        yield FILES


def _lines(found: Iterable[Candidate], current: str, prefix: str = "") -> Iterator[str]:
    for value, told in found:
        if value.startswith(current) and _PLAIN.fullmatch(value):
            yield f"{prefix}{value}\t{one_line(told)}"


def _folder(words: Sequence[str]) -> str | None:
    """Which folder of runs the words name already."""
    name, rest = _command(words)
    parser = command_parser(name) if name else screen_parser()
    for word, following in zip(rest, [*rest, ""][1:], strict=True):
        option, _, value = word.partition("=")
        action = parser.option(option)
        if action and action.dest == "out":
            return value or following
    return None


def _sides(names: Any, before: Sequence[str], current: str) -> Iterable[Candidate]:
    run, colon, _ = current.partition(":")
    found: Iterable[Candidate] = names.models_of_run(_folder(before), run) if colon else names.runs(_folder(before))
    return found


# By what an argument is called in the parsed arguments, where need be of one command. What the disk knows is looked up
# in the module ``candidates``, which is imported only then.
_SOURCES: Mapping[str, Callable[[Any, Sequence[str], str], Iterable[Candidate]]] = {
    "attach: run": lambda names, _before, _current: names.running(),
    "models download: names": lambda names, _before, _current: names.catalog_models(),
    "models unload: names": lambda names, _before, _current: names.loaded(),
    "models remove: names": lambda names, _before, _current: names.models_on_disk(),
    **dict.fromkeys(("run", "runs", "resume"), lambda names, before, _current: names.runs(_folder(before))),
    **dict.fromkeys(("base", "new"), _sides),
    **dict.fromkeys(
        ("models", "names", "model", "judge_model"),
        lambda names, _before, _current: [*names.models_on_disk(), *names.named_sources()],
    ),
    "endpoint": lambda names, _before, _current: names.endpoint_urls(),
    "screen.theme": lambda names, _before, _current: names.themes(),
    "until": lambda *_: [("5%", "until the mean is that sure"), ("separated", "until the two best are told apart")],
}
_OR_PATHS = {"runs", "base", "new", "resume", "screen.theme"}
