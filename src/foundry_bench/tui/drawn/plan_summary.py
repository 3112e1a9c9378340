"""What a plan comes to, before it is started."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from foundry_bench.tui.plan_form import duration
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan
from foundry_bench.values.sweep import sweep_levels


def plan_summary(described: Plan | str, start_key: str, missing: Sequence[str] = ()) -> Text:
    """The number of requests, what may end them, the models, the prompts; or what keeps the plan from being one.

    Which of its models are ``missing`` stands first.
    """
    if isinstance(described, str):
        return Text.assemble((one_line(described), "bold"), f"\n\nmend that, then press {start_key}")
    plan = described
    each = plan.rounds * len(plan.prompts)
    text = Text()
    for name in missing:
        text.append(f"! {one_line(name)}: not in the catalog or on the disk\n", "bold")
    most = "at most " if plan.until or plan.budget_s else ""
    text.append(f"{_count(len(plan.models), 'model')} x {_count(len(plan.prompts), 'prompt')}")
    text.append(f" x {_count(plan.rounds, 'round')} = ")
    text.append(f"{most}{_count(each * len(plan.models), 'request')}", "bold")
    at_once = "one request at a time" if plan.concurrency == 1 else f"{plan.concurrency} requests at a time"
    warmup = f", after {_count(plan.warmup, 'warm-up request')} for each model" if plan.warmup else ""
    text.append(f"\n{at_once}{warmup}\n")
    for line in _rules(plan):
        text.append(f"{line}\n")
    text.append(f"\n{start_key}", "bold").append(" starts   ").append("tab", "bold").append(" changes the plan")
    text.append("\n\nmodels", "dim")
    for name in plan.models:
        text.append(f"\n  {one_line(name)}")
    text.append("\n\nprompts", "dim")
    for prompt in plan.prompts:
        text.append(f"\n  {one_line(prompt.id)}: ", "bold")
        text.append(one_line(prompt.prompt[:400]))
    return text


def _rules(plan: Plan) -> Iterator[str]:
    """What else there is to a plan."""
    if plan.until:
        yield f"until {plan.until}"
    if plan.budget_s:
        yield f"within {duration(plan.budget_s)} in all"
    if plan.order == "interleaved":
        yield "in turns, round by round"
    if levels := sweep_levels(plan):
        yield f"then a sweep of {_count(len(levels), 'level')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
