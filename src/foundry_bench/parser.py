"""An argparse that checks values by the rules of the settings and complains in one line."""

import argparse
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeAlias

from foundry_bench.values.errors import InputError


class _Help(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs to the terminal's width; what is indented keeps its lines, and its columns where they break."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled: list[str] = []
        for indented, block in itertools.groupby(text.splitlines(), lambda line: line[:1] in {"", " "}):
            if indented:
                filled += [part for line in block for part in _broken(line, width)]
            else:
                filled += textwrap.wrap(" ".join(block), width)
        return "\n".join(f"{indent}{line}" for line in filled)


def _broken(line: str, width: int) -> list[str]:
    """A line of a table, its last column broken to the width; a command's line is left whole, to be copied."""
    last = re.match(r" +.*? {2,}(?=\S)", line)
    if not last or "foundry-bench" in line:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=" " * last.end(), break_on_hyphens=False)


def _plain(message: str) -> str | None:
    """What argparse says of an option's value, with its mend; None of all else."""
    if wrong := re.fullmatch(r"argument (\S+): ignored explicit argument '(.*)'", message, re.DOTALL):
        names = [name for name in wrong[1].split("/") if name.startswith("--")]
        return f"{names[0]} takes no value; write {' or '.join(names)} alone, not {names[0]}={wrong[2]}"
    if missing := re.fullmatch(r"argument (\S+): expected one argument", message):
        name = missing[1].split("/")[-1]
        return f"{name} needs a value; one that begins with '-' is written {name}=VALUE"
    return None


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line, which ends in the mend."""

    def __init__(self, prog: str, description: str, epilog: str) -> None:
        super().__init__(prog, description=description, epilog=epilog, formatter_class=_Help, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Ends the parsing.

        Raises:
            InputError: always.
        """
        raise InputError(_plain(message) or f"{message}; see '{self.prog} --help'")

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """The arguments by name.

        Raises:
            InputError: for one that is unknown, missing or against its rule.
        """
        args, rest = self.parse_known_args(argv)
        if rest and rest[0].startswith("-"):
            from foundry_bench.session.refusals import known

            known([rest[0].partition("=")[0]], self._option_string_actions, "option", f"see '{self.prog} --help'")
        if rest:
            self.error(f"argument {rest[0]!r} is one too many")
        return args

    def options(self) -> Iterable[argparse.Action]:
        """The options, in the order of ``--help``."""
        return [action for action in self._actions if action.option_strings]

    def option(self, name: str) -> argparse.Action | None:
        """The option that takes a value by this name; None where there is none."""
        action = self._option_string_actions.get(name)
        return action if action and action.nargs != 0 else None

    def expected(self, words: Sequence[str]) -> argparse.Action | None:
        """The argument that a word after ``words`` would be for; None where there is no room for one more."""
        given, waiting = 0, None
        for word in words:
            if waiting:
                waiting = None
            elif word.startswith("-"):
                waiting = self.option(word)
            else:
                given += 1
        places = [action for action in self._actions if not action.option_strings]
        last = [action for action in places[-1:] if action.nargs in {"+", "*"}]
        return waiting or next(iter([*places[given:], *last]), None)


# For each command: what it does, what fills its parser, examples.
Commands: TypeAlias = dict[str, tuple[str, Callable[[Parser], None], str]]


class Checked(argparse.Action):
    """Keeps what ``read`` makes of all texts an argument was given; an InputError goes past argparse, to ``main``."""

    def __init__(self, *, read: Callable[[Sequence[str], str], object], **rest: Any) -> None:
        super().__init__(**rest)
        self.read = read
        self.texts: list[str] = []

    def __call__(self, _parser: object, namespace: object, values: Any, option: str | None = None) -> None:
        """Take one more text in."""
        if values is self.default:  # argparse hands it over where a positional argument is left out
            return
        self.texts += values if isinstance(values, list) else [values]
        setattr(namespace, self.dest, self.read(self.texts, option or str(self.metavar)))


def add_path(parser: Any, *names: str, **rest: Any) -> None:
    """Adds an argument that takes a path."""

    def path(texts: Sequence[str], name: str) -> object:
        from pathlib import Path

        from foundry_bench.session.rules import folder

        return Path(folder(texts[-1], name))

    parser.add_argument(*names, action=Checked, read=path, **rest)


def add_settings(parser: Any, *names: str, **helps: str) -> None:
    """Adds options of settings; one that isn't given is None, so that environment, plan and config show through.

    Args:
        parser: what takes them.
        names: the settings.
        helps: what some of them mean here, where that isn't what they mean to ``run``.
    """
    from foundry_bench.session.fields import DEFAULTS, FIELDS, FLAG

    for name in names:
        field, rule, default = FIELDS[name], FIELDS[name].rule, DEFAULTS[name]
        shown = ("no", "yes")[bool(default)] if rule is FLAG else str(default).removesuffix(".0")
        text = helps.get(name, field.help)
        text = f"{text} (default: {shown})" if isinstance(default, (str, int, float)) else text
        kind: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
        if rule is not FLAG:
            kind = {"action": Checked, "read": rule.read, "metavar": rule.metavar}
        parser.add_argument(*field.options, dest=name, help=text, **kind)


def add_runtime(parser: Any) -> None:
    """Adds the options of the embedded runtime."""
    from foundry_bench.session.fields import RUNTIME

    add_settings(parser, *RUNTIME)


def add_looks(parser: Any) -> None:
    """Adds how the screen looks."""
    from foundry_bench.session.fields import SCREEN

    add_settings(parser, *SCREEN)


def add_screen(parser: Parser) -> None:
    """Adds what the TUI takes."""
    add_looks(parser)
    add_settings(parser, "endpoint", "out")
    add_runtime(parser)


def add_runs_folder(parser: Parser) -> None:
    """Adds ``--out`` without its ``-o``, which some commands need for what they write."""
    from foundry_bench.session.fields import FIELDS

    field = FIELDS["out"]
    parser.add_argument("--out", action=Checked, read=field.rule.read, metavar=field.rule.metavar, help=field.help)


def add_adapters(parser: Any) -> None:
    """Adds ``--adapter``."""
    from foundry_bench.session.adapters import adapter_files

    parser.add_argument(
        "--adapter",
        dest="adapters",
        action=Checked,
        read=adapter_files,
        metavar="FILE",
        help="Python file with an adapter; its name without .py, with or without :WEIGHTS, then names a model",
    )


def add_json(parser: Any, what: str) -> None:
    """Adds ``--json``."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON on stdout, and nothing else there")
