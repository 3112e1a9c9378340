"""The few lines that a reader takes away from a run: who is best at what, and how surely."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from foundry_bench.session.run_view import RunView
from foundry_bench.values.eligibility import Rules, refusals
from foundry_bench.values.format import mean_with_interval, megabytes, one_line, percent, score
from foundry_bench.values.leads import Lead, Standing, lead
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.quality import SOURCES
from foundry_bench.values.ratings import means

LEADS = ("ttft_s", "latency_s", "itl_s", "decode_tokens_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """A figure, who leads by it, and that in words."""

    about: str
    lead: Lead
    text: str


def highlights(view: RunView) -> list[Highlight]:
    """A line a figure that any model has."""
    found = [*_metrics(view), *_memory(view), *_quality(view)]
    return [one for one in found if one]


def _ruled_out(view: RunView) -> dict[str, str]:
    """What stands behind the name of a model that can't be chosen for its output: its lead is no reason for it."""
    out = [name for name in refusals(view.record.models, view.outputs, Rules()) if name in view.outputs]
    reasons = {True: " (out: degenerate output)", False: " (out: no answer comes to an end)"}
    return {name: reasons[view.outputs[name].reason() is not None] for name in out}


def _metrics(view: RunView) -> Iterator[Highlight | None]:
    out = _ruled_out(view)
    for name in LEADS:
        metric = METRICS[name]
        found = {model.name: model.metrics.get(name) for model in view.record.models}
        # A mean of 0 is of answers that came in one burst: nothing was told apart, and nobody leads by it.
        known = {model: one for model, one in found.items() if one and one.mean}
        standings = [Standing(model=model, value=one.mean, interval=one.ci95_mean) for model, one in known.items()]
        words = {model: mean_with_interval(one, metric.unit) for model, one in known.items()}
        yield _highlight(f"{metric.label} mean", lead(standings, metric.better), words, out, intervals=True)


def _memory(view: RunView) -> Iterator[Highlight | None]:
    known = {model.name: peak for model in view.record.models if (peak := model.memory.peak_mb) is not None}
    standings = [Standing(model=model, value=peak) for model, peak in known.items()]
    words = {model: megabytes(peak) for model, peak in known.items()}
    yield _highlight("Peak memory", lead(standings, "lower"), words, _ruled_out(view))


def _quality(view: RunView) -> Iterator[Highlight | None]:
    for source, words_of_source in SOURCES.items():
        known: Mapping[str, tuple[float, int]] = means(getattr(view.ratings, source))
        standings = [Standing(model=model, value=mean) for model, (mean, _) in known.items()]
        words = {model: f"{score(mean)} of 5 (n {n})" for model, (mean, n) in known.items()}
        yield _highlight(f"Quality {words_of_source}", lead(standings, "higher"), words, _ruled_out(view))


def _highlight(
    about: str, found: Lead | None, words: Mapping[str, str], out: Mapping[str, str], *, intervals: bool = False
) -> Highlight | None:
    if not found:
        return None
    first, second = (
        f"{one_line(one.model)}{out.get(one.model, '')} with {words[one.model]}" if one else ""
        for one in (found.best, found.next)
    )
    text = first
    if found.next:
        text += f"; next {second}"
        text += f" ({percent(found.behind, sign=True)})" if found.behind is not None else ""
        if intervals and not found.certain:
            known = found.best.interval and found.next.interval
            text += ": too close to call" if known else ": too few values to tell"
    return Highlight(about=about, lead=found, text=text)
