"""The plan as texts of a form, checked by the same rules as the command line; pure but for a prompts file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foundry_bench.session.fields import FIELDS
from foundry_bench.session.inputs import read_prompts
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan, Prompt


@dataclass(frozen=True, slots=True)
class FormField:
    """A line of the form: the setting, its name there, what stands in it while it is empty."""

    name: str
    label: str
    hint: str = ""


FORM = (
    FormField("models", "models", "names, commas between"),
    FormField("endpoint", "endpoint", "none: the embedded runtime"),
    FormField("prompts", "prompts", "as in the plan; .json; text"),
    FormField("rounds", "rounds"),
    FormField("warmup", "warm-up"),
    FormField("max_tokens", "max tokens"),
    FormField("temperature", "temperature"),
    FormField("concurrency", "concurrency"),
    FormField("stream", "stream", "yes or no"),
)
_MAY_BE_EMPTY = {"endpoint", "prompts"}


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
    }


def problem(name: str, text: str) -> str | None:
    """What is wrong with a field, in one line; None where nothing is."""
    try:
        read(name, text)
    except InputError as error:
        return str(error)
    return None


def read(name: str, text: str) -> Any:
    """The value of a field; None for one that is empty and may be.

    Raises:
        InputError: the text breaks the field's rule.
    """
    text = text.strip()
    if not text and name in _MAY_BE_EMPTY:
        return None
    label = next(field.label for field in FORM if field.name == name)
    if name == "prompts" and text.endswith(".json"):
        return read_prompts(Path(text).expanduser())
    if name == "models":
        return FIELDS[name].rule.read([",".join(part.strip() for part in text.split(","))], label)
    return FIELDS[name].rule.read([text], label)


def plan_of(base: Plan, written: Mapping[str, str]) -> Plan:
    """The plan that the form describes; what the form doesn't show is as in ``base``.

    Raises:
        InputError: for the first field that breaks its rule.
    """
    values = {field.name: read(field.name, written[field.name]) for field in FORM}
    prompts: tuple[Prompt, ...] | None = values.pop("prompts")
    return replace(base, **values, prompts=prompts or base.prompts)
