"""The plan as texts of a form, checked by the same rules as the command line; pure but for a prompts file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foundry_bench.session.fields import FIELDS
from foundry_bench.session.inputs import read_prompts
from foundry_bench.session.rules import folder
from foundry_bench.session.settings import check_agreement
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan, Prompt


@dataclass(frozen=True, slots=True)
class FormField:
    """A line of the form: the setting, its name there, what stands in it while it is empty, what there is to know;
    whether its values are long.
    """

    name: str
    label: str
    hint: str = ""
    help: str = ""
    long: bool = False

    @property
    def told(self) -> str:
        """What it is, in a sentence."""
        return self.help or FIELDS[self.name].help


FORM = (
    FormField(
        "models",
        "models",
        "names, with commas between",
        "models to measure, with commas between: names from the catalog or the disk, ENDPOINT:NAME, ADAPTER:WEIGHTS",
        long=True,
    ),
    FormField(
        "endpoint",
        "endpoint",
        "none: the embedded runtime",
        "address of an OpenAI-compatible service to measure, in place of the embedded runtime",
        long=True,
    ),
    FormField(
        "prompts",
        "prompts",
        "those in the summary",
        "one prompt of your own, or a .json file of prompts; empty: those that the summary lists",
        long=True,
    ),
    FormField("rounds", "rounds", help="how often each prompt is sent and measured; with a rule or a budget, at most"),
    FormField("warmup", "warm-up", help="requests before the first round that are not counted"),
    FormField("max_tokens", "max tokens", help="longest answer, in tokens"),
    FormField("temperature", "temperature", help="0: the likeliest words only; up to 2, ever wilder ones"),
    FormField("concurrency", "concurrency", help="how many requests are under way at a time"),
    FormField("stream", "stream", "yes or no", "yes: answers come word by word, which the time to first token needs"),
    FormField(
        "until",
        "until",
        "all rounds; or 5%, or separated",
        "end a model's rounds early: 5%, 'ttft_s.mean within 3%', or separated (the two best are told apart, in turns)",
        long=True,
    ),
    FormField("budget", "budget", "no end"),
    FormField(
        "order", "order", "sequential", "sequential: model by model; interleaved: all loaded, in turns round by round"
    ),
    FormField("sweep.concurrency", "sweep load", "none; or 1,2,4,8", long=True),
    FormField("sweep.prompt_tokens", "sweep depth", "none; or 512,2048", long=True),
)
_EMPTY: Mapping[str, object] = {
    "endpoint": None,
    "prompts": None,
    "until": None,
    "budget": None,
    "order": "sequential",
    "sweep.concurrency": (),
    "sweep.prompt_tokens": (),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The plan that a form describes, or what to mend first; and what is wrong with its fields, by name."""

    described: Plan | str
    problems: Mapping[str, str] = field(default_factory=dict)


def texts(plan: Plan, models: tuple[str, ...]) -> dict[str, str]:
    """What the form shows of a plan."""
    return {
        "models": ", ".join(models),
        "endpoint": plan.endpoint or "",
        "prompts": "",
        "rounds": str(plan.rounds),
        "warmup": str(plan.warmup),
        "max_tokens": str(plan.max_tokens),
        "temperature": f"{plan.temperature:g}",
        "concurrency": str(plan.concurrency),
        "stream": "yes" if plan.stream else "no",
        "until": plan.until or "",
        "budget": duration(plan.budget_s) if plan.budget_s else "",
        "order": plan.order,
        "sweep.concurrency": ",".join(map(str, plan.sweep.concurrency)),
        "sweep.prompt_tokens": ",".join(map(str, plan.sweep.prompt_tokens)),
    }


def read(name: str, text: str) -> Any:
    """The value of a field; of one that is empty and may be, what that stands for.

    Raises:
        InputError: the text breaks the field's rule.
    """
    text = text.strip()
    if not text and name in _EMPTY:
        return _EMPTY[name]
    label = next(line.label for line in FORM if line.name == name)
    if name == "prompts" and text.endswith(".json"):
        return read_prompts(Path(folder(text, label)))
    if name == "models":
        if not text:
            raise InputError("no model yet: mark some with g m and space, or write their names here")
        return FIELDS[name].rule.read([",".join(part.strip() for part in text.split(","))], label)
    return FIELDS[name].rule.read([text], label)


def check(base: Plan, written: Mapping[str, str]) -> Checked:
    """Read each field once, a file of prompts among them: not for the event loop."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in (line.name for line in FORM):
        try:
            values[name] = read(name, written[name])
        except InputError as error:
            problems[name] = str(error)
    if problems:
        return Checked(next(iter(problems.values())), problems)
    try:
        return Checked(_plan(base, values))
    except InputError as error:
        return Checked(str(error))


def _plan(base: Plan, values: dict[str, Any]) -> Plan:
    """The plan of these values; what the form doesn't show is as in ``base``.

    Raises:
        InputError: for fields that don't agree.
    """
    prompts: tuple[Prompt, ...] | None = values.pop("prompts")
    levels = {name: values.pop(f"sweep.{name}") for name in ("concurrency", "prompt_tokens")}
    budget_s: float | None = values.pop("budget")
    sweep = replace(base.sweep, **levels)
    plan = replace(base, **values, prompts=prompts or base.prompts, budget_s=budget_s, sweep=sweep)
    check_agreement(plan)
    return plan


def duration(span_s: float) -> str:
    """As one types it."""
    for letter, unit_s in (("h", 3600), ("m", 60)):
        if span_s % unit_s == 0:
            return f"{span_s / unit_s:.0f}{letter}"
    return f"{span_s:g}s"
