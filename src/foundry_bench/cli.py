"""The command line: from argv to one command, or to the TUI."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from foundry_bench import __version__
from foundry_bench.values.errors import InputError


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line, which ends in the mend."""

    def __init__(self, prog: str, description: str, epilog: str) -> None:
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=description, epilog=epilog, formatter_class=raw, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Ends the parsing.

        Raises:
            InputError: always.
        """
        raise InputError(f"{message}; see '{self.prog} --help'")

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


class _Checked(argparse.Action):
    """Keeps what ``read`` makes of all texts an argument was given; an InputError goes past argparse, to ``main``."""

    def __init__(self, *, read: Callable[[Sequence[str], str], object], **rest: Any) -> None:
        super().__init__(**rest)
        self.read = read
        self.texts: list[str] = []

    def __call__(self, _parser: object, namespace: object, values: Any, option: str | None = None) -> None:
        self.texts.append(values)
        setattr(namespace, self.dest, self.read(self.texts, option or str(self.metavar)))


def _settings(parser: Any, *names: str) -> None:
    """Adds options of settings; one that isn't given is None, so that environment, plan and config show through."""
    from foundry_bench.session.fields import DEFAULTS, FIELDS, FLAG

    for name in names:
        field, rule, default = FIELDS[name], FIELDS[name].rule, DEFAULTS[name]
        shown = "yes" if default is True else str(default).removesuffix(".0")
        text = f"{field.help} (default: {shown})" if isinstance(default, (str, int, float)) else field.help
        kind: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
        if rule is not FLAG:
            kind = {"action": _Checked, "read": rule.read, "metavar": rule.metavar}
        parser.add_argument(*field.options, dest=name, help=text, **kind)


def _json(parser: Parser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON on stdout, and nothing else there")


def _run(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FIELDS
    from foundry_bench.session.inputs import read_prompts

    parser.add_argument("plan", nargs="?", type=Path, metavar="PLAN", help="a .toml plan, or a models.json")
    _settings(parser, "models")
    either = parser.add_mutually_exclusive_group()
    _settings(either, "prompts")
    either.add_argument(
        "--prompts",
        action=_Checked,
        read=lambda texts, _: read_prompts(Path(texts[-1])),
        metavar="FILE",
        help="JSON list of prompts",
    )
    _settings(parser, *(name for name in FIELDS if name not in {"models", "prompts"}))
    parser.add_argument("--resume", metavar="RUN", help="go on with a recorded run: measure what it still lacks")
    _json(parser, "the finished run.json")


def _models(parser: Parser) -> None:
    parser.add_argument("--filter", metavar="TEXT", help="only models whose alias or id holds the text")
    parser.add_argument("--cached", action="store_true", help="only models that are on the disk")
    _settings(parser, "endpoint", "foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir")
    _json(parser, "the models")


def _import(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import COUNT, NAME, natural

    parser.add_argument("path", type=Path, metavar="PATH", help="a folder with a genai_config.json, or a .gguf file")
    for option, rule, text in (
        ("--name", NAME, "name of the model (default: the file's or folder's)"),
        ("--context", COUNT, "cap of the context in tokens; a smaller one takes less memory (default: the model's)"),
        ("--accuracy-level", natural("from 0 to 4", 0, 4), "of int4 products: 1 is the most exact, 4 the fastest"),
    ):
        parser.add_argument(option, action=_Checked, read=rule.read, metavar=rule.metavar, help=text)
    parser.add_argument("--force", action="store_true", help="replace a model of the same name")


def _probe(parser: Parser) -> None:
    from foundry_bench.session.fields import NAME, TEXT

    parser.add_argument("model", action=_Checked, read=NAME.read, metavar="MODEL", help="alias, id or ENDPOINT:ID")
    parser.add_argument("--prompt", action=_Checked, read=TEXT.read, metavar="TEXT", help="what to ask")
    _settings(parser, "system", "max_tokens", "temperature", "seed", "timeout", "endpoint")
    _json(parser, "the answer and its figures")


def _demo(parser: Parser) -> None:
    parser.add_argument("--headless", action="store_true", help="without the TUI")
    _settings(parser, "rounds", "out")
    _json(parser, "the finished run.json")


def _report(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FOLDER

    parser.add_argument("runs", nargs="+", metavar="RUN", help="id or folder of a recorded run, or 'last'")
    parser.add_argument("--format", choices=("md", "csv", "json"), default="md", help="(default: md)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="file to write (default: stdout)")
    parser.add_argument("--out", action=_Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")


def _history(parser: Parser) -> None:
    _settings(parser, "out")
    _json(parser, "the runs")


def _screen(parser: Parser) -> None:
    parser.add_argument("--theme", metavar="NAME", help="dark, light, high-contrast, ansi-16, or a theme's file")
    parser.add_argument("--ascii", action="store_true", default=None, help="draw with ASCII characters alone")
    parser.add_argument(
        "--low-bandwidth",
        action=argparse.BooleanOptionalAction,
        help="redraw seldom (default: over SSH)",
    )
    _settings(parser, "endpoint", "out", "foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir")


def _calibrate(parser: Parser) -> None:
    _json(parser, "the calibration")


# For each command: what it does, what fills its parser, examples.
COMMANDS: dict[str, tuple[str, Callable[[Parser], None], str]] = {
    "run": (
        "measure models without a screen, and record the run",
        _run,
        """foundry-bench run -m phi-4-mini -m qwen2.5-0.5b
foundry-bench run plan.toml --rounds 10
foundry-bench run -e http://localhost:11434 -m llama3.2 --prompt "Why is the sky blue?"

What isn't given comes from the environment, the plan, config.toml or the default, in this order.""",
    ),
    "models": (
        "list the catalog and the models on the disk",
        _models,
        "foundry-bench models --cached\nfoundry-bench models --filter phi --json",
    ),
    "import": (
        "register a model of your own: an ONNX Runtime GenAI folder, or a GGUF file",
        _import,
        "foundry-bench import ./my-model\nfoundry-bench import smollm2.gguf --name smollm2-mine --context 2048",
    ),
    "probe": (
        "stream one answer, with a live token counter",
        _probe,
        'foundry-bench probe phi-4-mini --prompt "Why is the sky blue?"',
    ),
    "demo": (
        "measure a small model with nothing to configure",
        _demo,
        "foundry-bench demo\nfoundry-bench demo --headless --rounds 5",
    ),
    "report": (
        "write a report from recorded runs",
        _report,
        "foundry-bench report RUN\nfoundry-bench report RUN1 RUN2 --format csv -o runs.csv",
    ),
    "calibrate": (
        "measure this machine's own timing error, on streams of known cadence",
        _calibrate,
        "foundry-bench calibrate\nfoundry-bench calibrate --json",
    ),
    "history": ("list the recorded runs", _history, "foundry-bench history --json"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 a check says no, 2 bad input, 130 interrupted."""
    try:
        code = _dispatch(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except InputError as error:
        print(f"foundry-bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has left. The interpreter flushes stdout once more at its end: let that succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    return code


def _dispatch(argv: Sequence[str]) -> int:
    if argv and argv[0] in COMMANDS:
        summary, fill, examples = COMMANDS[argv[0]]
        parser = Parser(f"foundry-bench {argv[0]}", f"{summary[0].upper()}{summary[1:]}.", f"examples:\n{examples}")
        fill(parser)
        module = "commands.import_model" if argv[0] == "import" else f"commands.{argv[0]}"
        return _start(module, parser.parse(argv[1:]))
    if argv and not argv[0].startswith("-"):
        from foundry_bench.session.refusals import known

        known([argv[0]], COMMANDS, "command", "see 'foundry-bench --help'")
    commands = "".join(f"  {name:9} {summary}\n" for name, (summary, _, _) in COMMANDS.items())
    parser = Parser(
        "foundry-bench",
        "Measure, rate and compare small language models on this device. Without a command it opens the TUI.",
        f"commands:\n{commands}\nsee 'foundry-bench COMMAND --help' for one of them",
    )
    parser.usage = "foundry-bench [COMMAND] [OPTIONS]"
    parser.add_argument("--version", action="version", version=f"foundry-bench {__version__}")
    _screen(parser)
    args = parser.parse(argv)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the TUI needs a terminal; name a command to do without, see 'foundry-bench --help'")
    return _start("tui.app", args)


def _start(module: str, args: argparse.Namespace) -> int:
    code: int = importlib.import_module(f"foundry_bench.{module}").main(args)
    return code
