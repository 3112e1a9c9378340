"""What a plan comes to, before it is started."""

from rich.text import Text

from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan


def plan_summary(plan: Plan | None, start_key: str) -> Text:
    """The number of requests, the models, the prompts."""
    if plan is None:
        return Text("mend the fields that are marked, then press r", "bold")
    each = plan.rounds * len(plan.prompts)
    text = Text()
    text.append(f"{_count(len(plan.models), 'model')} x {_count(len(plan.prompts), 'prompt')}")
    text.append(f" x {_count(plan.rounds, 'round')} = ")
    text.append(f"{_count(each * len(plan.models), 'request')}", "bold")
    text.append(f"\n{_count(plan.warmup, 'warm-up request')} a model before, {plan.concurrency} at once\n")
    text.append(f"\n{start_key}", "bold").append(" starts   ").append("tab", "bold").append(" changes the plan")
    text.append("\n\nmodels", "dim")
    for name in plan.models:
        text.append(f"\n  {one_line(name)}")
    text.append("\n\nprompts", "dim")
    for prompt in plan.prompts:
        text.append(f"\n  {one_line(prompt.id)}: ", "bold")
        text.append(one_line(prompt.prompt[:400]))
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
