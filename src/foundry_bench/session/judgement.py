"""What a judge's verdicts say of the models: ratings, comparisons won and lost."""

from collections.abc import Iterable, Mapping

from foundry_bench.session.judge_log import Verdict
from foundry_bench.session.judge_questions import pairs
from foundry_bench.values.pairs import Better, Outcome, Tally, outcome, tallies
from foundry_bench.values.ratings import Answer, Rating
from foundry_bench.values.result import RunRecord


def ratings_of(verdicts: Iterable[Verdict], answers: Iterable[Answer]) -> tuple[Rating, ...]:
    """A rating for each facet and each model that gave the judged text."""
    authors: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        authors.setdefault((answer.prompt_id, answer.text_sha256), []).append(answer)
    return tuple(
        Rating(
            model=answer.model,
            prompt_id=answer.prompt_id,
            text_sha256=answer.text_sha256,
            score=said.score,
            by=verdict.judge,
            at=verdict.at,
            note=said.reason,
            facet=facet,
        )
        for verdict in verdicts
        for answer in authors.get((verdict.prompt_id, verdict.texts[0]), ())
        for facet, said in verdict.scores.items()
    )


def tallies_of(verdicts: Iterable[Verdict], answers: Iterable[Answer]) -> tuple[Tally, ...]:
    """The comparisons of each model by all judges that were asked to compare.

    Equal texts are a tie, a pair that wasn't judged both ways is left out.
    """
    judges: dict[str, dict[tuple[str, ...], Better | None]] = {}
    for said in verdicts:
        if said.kind == "pair":
            judges.setdefault(said.judge, {})[said.prompt_id, *said.texts] = said.better
    found: list[tuple[str, str, Outcome]] = []
    for first, second in pairs(answers) if judges else ():
        one, other = first.text_sha256, second.text_sha256
        for better in judges.values():
            ahead, behind = better.get((first.prompt_id, one, other)), better.get((first.prompt_id, other, one))
            if one == other:
                found.append((first.model, second.model, "tie"))
            elif ahead and behind:
                found.append((first.model, second.model, outcome(ahead, behind)))
    return tallies(found)


def preference_for_itself(judge: str, judge_id: str | None, record: RunRecord) -> str | None:
    """A caution where the judge is one of the judged; None where it isn't, as far as names and ids tell."""
    own = {judge, judge_id, judge.partition(":")[2]} - {None, ""}
    judged: Mapping[str, str | None] = {model.name: model.id for model in record.models}
    names = [name for name, known in judged.items() if name in own or known in own]
    if not names:
        return None
    return f"{names[0]} judges its own answers too: models tend to prefer their own; let another one judge as well"
