"""``foundry-bench doctor``: the validation checklist."""

import argparse
import asyncio
import os
import sys
import time
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.text import Text

from foundry_bench.session.doctor import examine
from foundry_bench.session.environment import describe_environment
from foundry_bench.session.json_text import json_text
from foundry_bench.session.settings import Settings, check_agreement, resolve
from foundry_bench.values.check import Check, failed, tally
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line, seconds

SCHEMA = "foundry-bench/doctor/1"
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_INDENT = 10


def main(args: argparse.Namespace) -> int:
    """Look at everything a benchmark needs; 1 where a check failed."""
    settings, broken = _settings(args)
    began_s = time.monotonic()
    found = asyncio.run(_examine(settings, broken, as_json=args.json))
    took_s = time.monotonic() - began_s
    if args.json:
        sys.stdout.write(_document(settings, found, took_s))
    else:
        print(f"{tally(found)}, in {seconds(took_s)}")
    return int(any(check.outcome == "failed" for check in found))


def _settings(args: argparse.Namespace) -> tuple[Settings, list[Check]]:
    """The settings; where the user's config or environment can't be used, those without it, and why.

    Raises:
        InputError: the command line or the plan can't be used.
    """
    try:
        settings = resolve(vars(args), os.environ, args.plan, models_needed=False)
        if args.plan:
            check_agreement(settings.plan, settings.sources)
    except InputError as error:
        without = resolve(vars(args), {"FOUNDRY_BENCH_CONFIG": os.devnull}, args.plan, models_needed=False)
        mend = "mend it; the checks below do without your config and environment"
        return without, [failed("settings", str(error), mend)]
    return settings, []


async def _examine(settings: Settings, broken: list[Check], *, as_json: bool) -> list[Check]:
    """Print each finding as it is known; on a terminal what is looked at stands below them meanwhile."""
    found = []
    out = Console(highlight=False, soft_wrap=True, emoji=False)
    screen = out if out.is_terminal and not as_json else Console(stderr=True, emoji=False)
    width = out.width if out.is_terminal else None
    with screen.status("checking") as status:

        def take(check: Check) -> None:
            found.append(check)
            if not as_json:
                out.print(_line(check, width))

        for check in broken:
            take(check)
        async for check in examine(settings, lambda what: status.update(Text(f"checking {what}"))):
            take(check)
    return found


def _line(check: Check, width: int | None) -> Text:
    """Outcome, name and finding, then the mend below; wrapped where there is a ``width``."""
    text = Text(f"{check.outcome:{_INDENT}}", style=_STYLES[check.outcome])
    body = f"{one_line(check.name)}: {one_line(check.found)}"
    text.append("\n".join(_wrapped(body, width)), style="not bold default")
    if check.mend:
        mend = "\n".join(_wrapped(f"to mend: {one_line(check.mend)}", width))
        text.append(f"\n{'':{_INDENT}}{mend}", style="not bold default italic")
    return text


def _wrapped(words: str, width: int | None) -> list[str]:
    if width is None:
        return [words]
    first, *rest = wrap(words, max(20, width - _INDENT - 1)) or [""]
    return [first, *(f"{'':{_INDENT}}{line}" for line in rest)]


def _document(settings: Settings, found: list[Check], took_s: float) -> str:
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": all(check.outcome != "failed" for check in found),
        "seconds": round(took_s, 3),
        "checks": found,
        "settings": {
            name: {"value": value, "source": settings.sources[name]} for name, value in settings.values.items()
        },
        "environment": describe_environment(),
    }
    return json_text(document) + "\n"
