"""A scorecard in sentences, made from its figures."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from foundry_bench.values.format import UNDEFINED, figure, megabytes, one_line, percent
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.quality import SOURCES, Quality
from foundry_bench.values.scorecard import DECISIVE, FEWEST_ROUNDS, TIE, Ranked, Scorecard
from foundry_bench.values.votes import FEWEST_PROMPTS

_EQUAL = 0.005


def shown(name: str, value: float | None) -> str:
    """A figure such as ``ttft_s.p95``, ``memory.peak_mb`` or ``quality`` as people read it."""
    if value is None:
        return UNDEFINED
    if name.endswith("_mb"):
        return megabytes(value)
    metric = METRICS.get(name.partition(".")[0])
    return figure(value, metric.unit) if metric else f"{value:.1f} of 5"


def decision(card: Scorecard) -> str:
    """The decision in a sentence, or that there is none."""
    first = card.ranking[0]
    name = one_line(first.name)
    if len(card.ranking) == 1:
        return f"Only {name} is left: there was nothing to compare it with."
    wins = f"first in {percent(first.wins)} of the resamples"
    if card.decided:
        return f"Choose {name}: it is {wins}{', by all but quality' if 'quality' in card.left_out else ''}."
    if card.too_few_rounds:
        return f"No decision: {name} leads, but of fewer than {FEWEST_ROUNDS} rounds nothing tells how surely."
    tied = [one_line(one.name) for one in card.ranking[1:] if one.score >= first.score * (1 - TIE)]
    if tied:
        return f"No decision: {_list([name, *tied])} are tied, with a score of {first.score:.2f} each."
    if card.to_rate:
        return f"No decision: {name} is {wins}, but too few prompts are rated."
    return f"No decision: {name} is {wins}, and {percent(DECISIVE)} are asked for."


def sentences(
    card: Scorecard, figures: Mapping[str, str], quality: Quality | None = None, short: Sequence[str] = ()
) -> Iterator[str]:
    """Why the first one leads, what would change that, and what would decide it where nothing is decided.

    Args:
        card: the scorecard.
        figures: the name of the figure behind each criterion.
        quality: which scores stand for quality, where some do.
        short: models whose answers are too short for a check of their form.
    """
    if len(card.ranking) > 1 and card.weights:
        yield _comparison(card.ranking[0], card.ranking[1], figures, card.weights)
        if not card.decided:
            yield from _wanted(card)
        yield from flips(card)
        steady = [name for name in card.weights if name not in {flip.criterion for flip in card.flips}]
        if steady and len(card.weights) > 1:
            yield f"No weight of {_list(steady, 'or')} alone changes the first place."
    yield from _left_out(card, rated=bool(quality))
    if quality:
        yield from _rated(quality)
    if short:
        names = _list(list(map(one_line, short)))
        yield f"Answers of {names} are too short to tell whether they go round in circles: read them."


def if_let_in(accepting: Scorecard | None, refused: Collection[str], figures: Mapping[str, str]) -> Iterator[str]:
    """What degenerate output keeps models from: who would lead if it were accepted, in what, and at which weights.

    Args:
        accepting: the scorecard with them; None where there is none.
        refused: who is let in by it.
        figures: the name of the figure behind each criterion.
    """
    if accepting is None or len(accepting.ranking) < 2:
        return
    first, second = accepting.ranking[:2]
    names = _list([one_line(one.name) for one in accepting.ranking if one.name in refused])
    scores = "in {} of the resamples, with a score of {} against {}".format(
        percent(first.wins), *_apart(first.score, second.score)
    )
    yield f"With {names} let in all the same ('--accept-degenerate'), {one_line(first.name)} is first {scores}."
    if accepting.weights and {first.name, second.name} & set(refused):  # else it has been said without them
        yield _comparison(first, second, figures, accepting.weights)
    yield from flips(accepting)


def _left_out(card: Scorecard, *, rated: bool) -> Iterator[str]:
    """What has no say since not all candidates have it, and who lacks it."""
    left_out = dict(card.left_out)
    if not rated and left_out.pop("quality", ()):
        yield "Quality is left out: nobody has rated the answers ('foundry-bench rate', 'foundry-bench judge')."
    for lacking in dict.fromkeys(left_out.values()):
        names = _list([name for name, some in left_out.items() if some == lacking]).capitalize()
        is_left, known = ("are", "they aren't known") if " and " in names else ("is", "it isn't known")
        if len(lacking) == len(card.ranking):
            yield f"{names} {is_left} left out: {known}."
        else:
            yield f"{names} {is_left} left out for all: {known} of {_list(list(map(one_line, lacking)))}."


def _rated(quality: Quality) -> Iterator[str]:
    """Who scored the answers, and why those who would count for more don't."""
    if quality.lacking:
        yield f"Ratings {quality.words} of {_list(list(map(one_line, quality.lacking)))} would let quality count."
    else:
        number = len(quality.prompts)
        prompts = f"over {number} prompt{'' if number == 1 else 's'}" if number else "over different prompts"
        yield f"Quality is the mean score {quality.words} {prompts}."
    for source, lacking in quality.passed_over.items():
        has = "has" if len(lacking) == 1 else "have"
        yield f"Scores {SOURCES[source]} don't count: {_list(list(map(one_line, lacking)))} {has} none."


def flips(card: Scorecard) -> Iterator[str]:
    """At which weight of which criterion another one leads, a sentence for each that would."""
    found: dict[str, list[str]] = {}
    for flip in card.flips:
        side, now = "less" if flip.below else "more", card.weights[flip.criterion]
        found.setdefault(flip.winner, []).append(
            "{} weighs {} than {} (now {})".format(flip.criterion, side, *_apart(flip.weight, now))
        )
    for winner, some in found.items():
        yield f"{one_line(winner)} leads where {_list(some, 'or')}."


def _comparison(first: Ranked, second: Ranked, figures: Mapping[str, str], weights: Mapping[str, float]) -> str:
    """In what the first is better than the second, and in what worse; by the criteria's part in the score."""
    better: list[str] = []
    worse: list[str] = []
    same: list[str] = []
    for name in sorted(weights, key=lambda name: -weights[name]):
        one, other = first.ratios[name], second.ratios[name]
        values = " against ".join(shown(figures[name], ranked.figures[name]) for ranked in (first, second))
        times = max(one, other) / min(one, other)
        part = f"{name} ({values}, {times:.3g} times)" if times > 1 + _EQUAL else name
        (same if times <= 1 + _EQUAL else better if one > other else worse).append(part)
    parts = [f"{word} {_list(some)}" for word, some in (("better in", better), ("worse in", worse)) if some]
    if same:
        parts.append(f"equal in {_list(same)}")
    return f"{one_line(first.name)} against {one_line(second.name)}: {'; '.join(parts)}."


def _wanted(card: Scorecard) -> Iterator[str]:
    """What would decide it."""
    first, second = (one_line(one.name) for one in card.ranking[:2])
    if card.too_few_rounds:
        yield f"Measure {FEWEST_ROUNDS} rounds or more."
    if card.to_rate:
        prompts = "prompt" if card.to_rate == 1 else "prompts"
        asked = f"quality decides from {FEWEST_PROMPTS} prompts on, scored for all models"
        yield f"Rate at least {card.to_rate} more {prompts}: {asked}."
    if card.rounds:
        yield f"About {card.rounds} rounds would separate {first} from {second}."
    elif card.to_rate or card.too_few_rounds:
        return
    elif "quality" in card.weights:
        yield f"Ratings of more prompts would separate {first} from {second}, or they are as good as each other."
    else:
        yield f"{first} and {second} are too near each other for any number of rounds: choose by something else."


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with two decimals, or with as many as show that they differ, four at most."""
    pairs = [(f"{one:.{decimals}f}", f"{other:.{decimals}f}") for decimals in (2, 3, 4)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])


def _list(items: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join(filter(None, (", ".join(items[:-1]), items[-1])))
