"""``foundry-bench probe``: one answer, streamed, with a live token counter."""

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from foundry_bench.commands.failure_line import failure_line
from foundry_bench.session.json_text import json_text
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.supervisor import start_worker
from foundry_bench.session.targets import find_target
from foundry_bench.values import metrics
from foundry_bench.values.events import AnswerProgressed, ModelFinished, SampleFinished, StageProgressed, StageStarted
from foundry_bench.values.format import printable
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Failure, Sample
from foundry_bench.worker.protocol import Measure

_PROMPT = "In two sentences: why do small language models matter?"


def main(args: argparse.Namespace) -> int:
    """Ask one model one prompt; the answer goes to standard output, the counter to standard error."""
    settings = resolve(vars(args) | {"models": (args.model,)}, os.environ)
    plan = replace(
        settings.plan.once(args.model, [Prompt(id="probe", prompt=args.prompt or _PROMPT)]),
        concurrency=1,
        runtime=with_default_folders(settings.plan.runtime),
    )
    target = find_target(args.model, plan.endpoint, settings.endpoints, settings.adapters, list_own())
    sample, failure, advice = asyncio.run(_ask(plan, target, quiet=args.json))
    if args.json:
        document: dict[str, Any] = {"schema": "foundry-bench/probe/1", "sample": sample, "error": failure}
        print(json_text(document))
    if sample is None or not sample.counts:
        error = (sample.error if sample else None) or failure
        told = failure_line(args.model, error.message if error else "no answer", advice)
        told = told.replace("the worker's log of this run", "the worker's log")
        print(told.replace("the worker's log", f"the worker's log {_log()}"), file=sys.stderr)
        return 1
    if not args.json:
        print(_figures(sample), file=sys.stderr)
    return 0


def _log() -> Path:
    return log_dir() / "probe.log"


async def _ask(plan: Plan, target: Target, *, quiet: bool) -> tuple[Sample | None, Failure | None, str | None]:
    """The sample, or why there is none and how to mend it."""
    screen = _LiveAnswer(quiet=quiet)
    sample: Sample | None = None
    async with start_worker(_log()) as worker:
        worker.send(Measure(plan=plan, target=target))
        async for event in worker.events():
            match event:
                case SampleFinished(sample=found):
                    sample = found
                    screen.finish(found)
                case ModelFinished(error=error, advice=advice):
                    screen.clear()
                    return sample, error, advice
                case _:
                    screen.show(event)
    return sample, await worker.cause_of_death(), None


class _LiveAnswer:
    """Shows an answer as it comes: on a terminal its last lines over a status line, elsewhere the bare text."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(markup=False, highlight=False, emoji=False)
        self._live = Live(console=self._console, transient=True, auto_refresh=False) if not quiet else None
        if self._live and self._console.is_terminal:
            self._live.start()
        self._asked = False
        self._text = ""
        self._status = ""

    def show(self, event: object) -> None:
        """Follow the worker."""
        match event:
            case StageStarted(stage=stage):
                self._asked = stage == "measure"
                self._status = f"{stage} …"
            case StageProgressed(stage=stage, fraction=fraction) if fraction is not None:
                self._status = f"{stage} {fraction:.0%}"
            case AnswerProgressed() if self._asked:
                rate = event.chunks / event.elapsed_s if event.elapsed_s > 0 else 0.0
                self._status = f"{event.chunks} tokens, {rate:.0f}/s, {event.elapsed_s:.1f} s"
                self._text += printable(event.text)
        if self._live and self._live.is_started:
            self._forget_what_left_the_screen()
            lines = Text(self._text).wrap(self._console, self._console.width)[-max(1, self._console.height - 3) :]
            self._live.update(Group(Text("\n").join(lines), Text(self._status, style="reverse")), refresh=True)

    def _forget_what_left_the_screen(self) -> None:
        """Each tick wraps what is kept. It is cut rarely: with each cut the lines may break elsewhere."""
        most = self._console.width * self._console.height
        if len(self._text) > 4 * most:
            self._text = self._text[-most:]

    def finish(self, sample: Sample) -> None:
        """The whole answer, to stay."""
        self.clear()
        if not self._quiet and (sample.text or sample.reasoning):
            print(printable(sample.reasoning + sample.text))

    def clear(self) -> None:
        """Leave nothing of the live display."""
        if self._live and self._live.is_started:
            self._live.stop()


def _figures(sample: Sample) -> str:
    decode, ttft = metrics.decode_tokens_per_s(sample), sample.ttft_s
    parts = [f"{sample.completion_tokens} tokens"]
    if ttft is not None:
        parts.append(f"first after {ttft * 1000:.0f} ms")
    if decode is not None:
        parts.append(f"{decode:.1f} tokens/s")
    if sample.latency_s is not None:
        parts.append(f"{sample.latency_s:.2f} s in all")
    return ", ".join(parts)
