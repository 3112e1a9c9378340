"""What a report says of runs, section by section, before any format: every format for people draws these."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundry_bench.session import host_tables, quality_tables, run_tables
from foundry_bench.session.energy_table import energy_table
from foundry_bench.session.fleet_ranking import fleet_lines, rank_hosts
from foundry_bench.session.highlights import highlights
from foundry_bench.session.host_tables import difference_lines
from foundry_bench.session.host_views import is_fleet, row_view
from foundry_bench.session.run_view import RunView
from foundry_bench.session.scoring import rank
from foundry_bench.session.tables import Table
from foundry_bench.session.trends import trends, trends_table, unlike
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.energy import DEFINITIONS
from foundry_bench.values.format import UNDEFINED, megabytes, one_line, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.plan import Plan
from foundry_bench.values.reasons import decision, if_let_in, sentences
from foundry_bench.values.result import RunRecord

# Longer ones would bury the report; run.json has them whole.
_LONGEST_PROMPT = 600
_SWEEP = (
    "after the rounds, level by level, into no other figure; prompts of a length begin differently each time, "
    "so that no server knows them, and after one that fails no more of its length are sent"
)
# ``stopping.relative_margin`` says how.
_WATCHED = "looked at after 6 rounds, then a quarter more each time; the interval is widened for looking repeatedly"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list: what it is about, and what is said of it. May hold the text of others, line breaks and all."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A title, and what stands under it; ``key`` names it to formats that add drawings of their own."""

    key: str
    title: str
    content: Table | Sequence[Item]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.content.rows if isinstance(self.content, Table) else self.content)


def title_of(view: RunView) -> str:
    """The heading over a run's sections."""
    return f"Run {one_line(view.record.id)}"


def run_sections(view: RunView) -> list[Section]:
    """All sections of one run that have something to say, what decides first."""
    record = view.record
    hidden = sum(len(model.outliers) for model in record.models) - run_tables.MOST_OUTLIERS
    farthest = f", the {run_tables.MOST_OUTLIERS} farthest of {hidden + run_tables.MOST_OUTLIERS}" if hidden > 0 else ""
    sections = (
        Section("differences", "Not the same on all hosts", _items(difference_lines(record.hosts, record))),
        Section("summary", "Summary", list(_summary(record))),
        Section("decision", "Decision", list(_decision(view))),
        Section("matrix", "By host", host_tables.matrix_table(record)),
        Section("spread", "One load from several hosts", _items(host_tables.spread_lines(record))),
        Section("highlights", "Highlights", _highlights(view)),
        Section("results", "Results", run_tables.results(view)),
        Section("hosts", "Hosts", host_tables.hosts_table(record.hosts)),
        Section("host_notes", "Of single hosts", _items(host_tables.host_lines(record))),
        Section("failures", "Not measured in full", list(_failures(record))),
        Section("cautions", "Cautions", list(_cautions(view))),
        Section("quality", "Quality, from 1 (bad) to 5 (best)", quality_tables.quality(view.ratings)),
        Section("facets", "Quality by facet, from 1 to 5", quality_tables.facets(view.ratings)),
        Section("votes", "Preference between two answers, by hand", quality_tables.preference(view.ratings.votes)),
        Section("preference", "Preference between two answers, by judge", quality_tables.preference(view.preferences)),
        Section("agreement", "Agreement of raters", quality_tables.agreement(view.ratings)),
        Section("energy", "Energy, and use of this machine while measuring", energy_table(record)),
        Section("prompts", "By prompt", run_tables.per_prompt(record)),
        Section("sweep", "Sweep", run_tables.sweep(record)),
        Section("outliers", f"Outliers{farthest}", run_tables.outliers(record)),
        Section("client", "Added by the openai client, mean of the paired differences", run_tables.client(record)),
        Section("workshop", "The workshop script's own figures", run_tables.workshop(record)),
        Section("method", "Method", list(_method(record))),
        Section("environment", "Environment", list(_environment(record.environment))),
        Section("calibration", "Calibration: this machine's own timing error", run_tables.calibration(record)),
    )
    return [section for section in sections if not section.empty]


def trend_sections(views: Sequence[RunView]) -> list[Section]:
    """What several runs say together; nothing of one run, or of runs without a model in common."""
    found = trends(views)
    differing = [Item("Differs between the runs", line) for line in unlike(views)] if found else []
    sections = (
        Section("trends", "Trends", trends_table(found)),
        Section("unlike", "Not the same in all runs", differing),
    )
    return [section for section in sections if not section.empty]


def definitions() -> Section:
    """What every figure means."""
    items = [Item(f"{metric.label} ({name})", metric.definition) for name, metric in METRICS.items()]
    items += [
        Item("n", f"requests that enter the figures; failed ones enter none. {UNDEFINED} is undefined, never 0."),
        Item("p50, p95, p99", "percentiles, linear between the two nearest values."),
        Item("±", "95 % interval of the mean, by bootstrap; for ITL whole answers are resampled."),
        *(Item(what, text) for what, text in DEFINITIONS.items()),
        Item("Exact ITL, Bounds", "chunks of one read make two gaps that are only bounds; the others are exact."),
        Item("too close to call", "the 95 % intervals of the two means overlap."),
        Item("resamples", "the run's own rounds and rated prompts, drawn anew 2,000 times: does the first still lead?"),
        Item("kappa", "agreement of two raters beyond chance, Cohen's with quadratic weights: 0 chance, 1 full."),
        Item(
            "Win rate",
            "(won + tied / 2) / votes of each prompt, the mean over the prompts where answers differ; the interval is "
            "Wilson's, for as many prompts. It enters no score. Undecided count for nothing: passed over, or the judge "
            "said otherwise with the two swapped.",
        ),
        Item("By check", "1 + 4 x the share of a facet's checks that an answer meets."),
        Item("Latency by round", "the mean latency of each round, from the first to the last."),
        Item("All answers", "completion tokens of a level over the time in which any of its answers was under way."),
        Item("Outlier", "a value over 3.5 robust standard deviations from its prompt's median; listed, never dropped."),
        Item("tokens_per_sec_avg", "(prompt + completion tokens) / latency, as the workshop's script has it."),
    ]
    return Section("definitions", "Definitions", items)


def _summary(record: RunRecord) -> Iterator[Item]:
    yield Item("Recorded", f"{record.created:%Y-%m-%d %H:%M:%S} UTC, {record.status}")
    whole = sum(model.status == "ok" for model in record.models)
    yield Item("Models", f"{whole} of {len(record.models)} measured in full")
    yield Item("Plan", _plan(record))
    if record.calibration:
        yield Item("Timing error", timing_error(record.calibration))


def _items(lines: Iterable[tuple[str, str]]) -> list[Item]:
    return [Item(about, text) for about, text in lines]


def _highlights(view: RunView) -> list[Item]:
    """Of a fleet none: what is fast on one host and slow on another is the host's doing."""
    return [] if is_fleet(view) else [Item(one.about, one.text) for one in highlights(row_view(view))]


def _decision(view: RunView) -> Iterator[Item]:
    """What the scorecard says; nothing where there is nothing to choose from."""
    preference = view.preference
    if is_fleet(view):
        if len(view.record.plan.models) > 1:
            yield from _items(fleet_lines(rank_hosts(view, preference, Rules())))
        return
    view = row_view(view)
    if len(view.record.models) < 2:
        return
    ranking = rank(view, preference, Rules())
    if ranking.card is None:
        return
    yield Item("Default model", decision(ranking.card))
    for line in sentences(ranking.card, preference.figures, ranking.quality, ranking.short):
        yield Item("Why", line)
    yield from (Item("Out", f"{name}: {reason}") for name, reason in ranking.refused.items())
    yield from (Item("Otherwise", line) for line in if_let_in(ranking.accepting, ranking.refused, preference.figures))
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in ranking.card.weights.items())
    whose = f"the weights of {preference.source}" if preference.source else "'foundry-bench rank' takes other weights"
    yield Item("By", f"{weights}; {whose}")


def _failures(record: RunRecord) -> Iterator[Item]:
    for model in record.models:
        if model.status != "ok":
            reason = model.error.message if model.error else "no reason is known"
            mend = f"; to mend it: {model.advice}" if model.advice else ""
            yield Item(model.name, f"{model.status}: {reason}{mend}")


def _cautions(view: RunView) -> Iterator[Item]:
    if view.problem:
        yield Item("This run", view.problem)
    if view.left_out:
        yield Item("This run", view.left_out)
    for model in view.record.models:
        yield from (Item(model.name, caution) for caution in run_tables.cautions(model))


def _method(record: RunRecord) -> Iterator[Item]:
    plan = record.plan
    asked = "as the wire shows it" if plan.client == "raw" else "each request a second time by the openai client"
    yield Item("Requests", f"{_plan(record)}; given up after {seconds(plan.timeout_s)}; {asked}")
    yield Item("Isolation", "a process of its own for each model, loaded anew; warm-up enters no figure")
    if record.order == "interleaved":
        yield Item("Order", "all models loaded; in each round every one takes a turn, another one first each time")
    yield from (Item("Order", note) for note in record.notes)
    if _ruled(plan):
        yield Item("End of the rounds", _end(record))
    for model in record.models:
        told = [
            f"id {model.id}" if model.id else "",
            f"backend {model.backend}" if model.backend else "",
            f"{model.service.label} at {model.service.url}" if model.service else "",
            f"loaded in {seconds(model.load_s)}" if model.load_s is not None else "",
            f"first answer's first token after {seconds(model.cold_ttft_s)}" if model.cold_ttft_s is not None else "",
            f"ended after {model.stop.rounds} rounds: {model.stop.message}" if model.stop and _ruled(plan) else "",
            "" if model.deterministic is None else f"answers {'all' if model.deterministic else 'not'} alike",
        ]
        if any(told):
            yield Item(model.name, ", ".join(part for part in told if part))
    if plan.sweep.concurrency or plan.sweep.prompt_tokens:
        yield Item("Sweep", _SWEEP)
    if plan.system:
        yield Item("System prompt", _short(plan.system))
    yield from (Item(f"Prompt {prompt.id}", _short(prompt.prompt)) for prompt in plan.prompts)


def _end(record: RunRecord) -> str:
    plan = record.plan
    rules = []
    if plan.until:
        rules.append(f"by rule: {plan.until}; {_WATCHED}")
    if plan.budget_s:
        shared = "shared by turns" if record.order == "interleaved" else "each with an equal share of what is left"
        rules.append(f"a budget of {seconds(plan.budget_s)} for all models, loading included, {shared}")
    return "; ".join(rules)


def _ruled(plan: Plan) -> bool:
    return bool(plan.until or plan.budget_s)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_PROMPT else f"{text[:_LONGEST_PROMPT]} … ({len(text):,} characters)"


def _environment(environment: Mapping[str, Any]) -> Iterator[Item]:
    """What identifies the recording process says nothing of the machine."""
    for key, value in environment.items():
        if isinstance(value, Mapping):
            yield from (Item(str(name), str(what)) for name, what in value.items() if key != "process")
        elif key.endswith("_mb") and isinstance(value, (int, float)):
            yield Item(key.removesuffix("_mb"), megabytes(value))
        elif value is not None:
            yield Item(key, str(value))


def _plan(record: RunRecord) -> str:
    plan = record.plan
    return (
        f"{'at most ' if _ruled(plan) else ''}{plan.rounds} rounds of {len(plan.prompts)} prompts "
        f"after {plan.warmup} of warm-up, "
        f"{plan.concurrency} in flight, {'streamed' if plan.stream else 'not streamed'}, "
        f"at most {plan.max_tokens} tokens, temperature {plan.temperature:g}, seed {plan.seed}"
    )
