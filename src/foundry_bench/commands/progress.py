"""Progress on standard error: live bars on a terminal, elsewhere a line for each step."""

import sys
from types import TracebackType
from typing import Self, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from foundry_bench.commands.failure_line import failure_line
from foundry_bench.session.hangup import Lossy
from foundry_bench.values.events import (
    AnswerProgressed,
    Event,
    FitChecked,
    ModelFinished,
    Noted,
    SampleFinished,
    StageProgressed,
    StageStarted,
)
from foundry_bench.values.format import megabytes, one_line, percent

_DOING = {
    "calibrate": "measuring its own timing error",
    "start": "starting the runtime",
    "catalog": "looking it up",
    "load": "loading",
    "canary": "first answer",
    "warmup": "warming up",
    "measure": "measuring",
    "sweep": "sweeping",
    "unload": "unloading",
}
_STEP = 0.1


class StderrProgress:
    """One bar for the step in hand, with what is being done and the time it has taken.

    Args:
        lanes: hosts measure at the same time, and each has its bar.
    """

    def __init__(self, *, lanes: bool = False) -> None:
        self._lanes = lanes
        self._lane = ""
        self._tasks: dict[str, TaskID] = {}
        self._told: set[str] = set()
        self._fetched: dict[str, float] = {}
        self._console = Console(file=cast("TextIO", Lossy(sys.stderr)), highlight=False, emoji=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            console=self._console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bars away; nobody looks any more."""
        self._bars.stop()

    def step(self, description: str, total: float | None = None, *, told: bool = True) -> None:
        """Begin a step; without a ``total`` the bar pulses.

        Off a terminal it is ``told`` in a line, and only once where it comes in turns.
        """
        if told and self._bars.disable and description not in self._told:
            self._told.add(description)
            self.say(description)
        self._end_step()
        self._tasks[self._lane] = self._bars.add_task(description, total=total, detail="")

    def _end_step(self) -> None:
        if (task := self._tasks.pop(self._lane, None)) is not None:
            self._bars.remove_task(task)

    def update(self, completed: float | None = None, detail: str | None = None, advance: float = 0) -> None:
        """Move the step in hand on."""
        if (task := self._tasks.get(self._lane)) is not None:
            self._bars.update(task, completed=completed, advance=advance or None)
            if detail is not None:
                self._bars.update(task, detail=detail)

    def _begin(self, event: StageStarted) -> None:
        if event.stage == "download":
            self._fetched[event.model] = 0.0
            size = f" {megabytes(event.size_mb)}" if event.size_mb else ""
            self.say(f"{event.model}: downloading{size}")
            self.step(f"{event.model}: downloading", 1.0, told=False)
        else:
            counted = float(event.requests) if event.stage in {"warmup", "measure", "sweep"} else None
            self.step(f"{event.model}: {_DOING[event.stage]}", counted, told=event.stage != "unload")

    def _tell_tenth(self, model: str, fraction: float) -> None:
        """Off a terminal, a line each tenth of a download."""
        if self._bars.disable and fraction >= self._fetched.get(model, 0.0) + _STEP:
            self._fetched[model] = fraction
            self.say(f"{model}: {percent(fraction)} downloaded")

    def say(self, line: str) -> None:
        """A line that stays, above the bars; said off a terminal too."""
        self._bars.console.print(one_line(line), markup=False, soft_wrap=True)

    def show(self, event: Event) -> None:
        """Follow a benchmark."""
        if self._lanes:
            model = event.sample.model if isinstance(event, SampleFinished) else getattr(event, "model", "")
            self._lane = model.rpartition("@")[2]
        match event:
            case StageStarted():
                self._begin(event)
            case StageProgressed(fraction=fraction, detail=detail):
                self.update(completed=fraction, detail=detail)
                if event.stage == "download" and fraction is not None:
                    self._tell_tenth(event.model, fraction)
            case FitChecked(verdict="tight"):
                self.say(f"{event.model}: memory is tight: {event.message}")
            case AnswerProgressed():
                rate = event.chunks / event.elapsed_s if event.elapsed_s > 0 else 0
                self.update(detail=f"{event.chunks} tokens, {rate:.0f}/s")
            case SampleFinished(sample=sample):
                self.update(advance=0 if sample.path == "openai" else 1)
                if not sample.counts and sample.error:
                    where = f"{sample.model}, prompt {sample.prompt_id}, round {sample.round}"
                    self.say(f"{where}: {sample.status}: {sample.error.message}")
            case Noted(message=message):
                self.say(message)
            case ModelFinished(error=None):
                self._end_step()
            case ModelFinished(error=error) if error:
                self._end_step()
                self.say(failure_line(f"{event.model}: {event.status}", error.message, event.advice))
