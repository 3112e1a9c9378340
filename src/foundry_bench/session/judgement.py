"""What a judge's verdicts say of the models: ratings, and votes between two answers."""

from collections.abc import Iterable, Mapping

from foundry_bench.session.judge_log import Verdict
from foundry_bench.session.judge_questions import pairs
from foundry_bench.values.pairs import both_ways
from foundry_bench.values.ratings import Answer, Rating
from foundry_bench.values.result import RunRecord
from foundry_bench.values.votes import Vote


def ratings_of(verdicts: Iterable[Verdict], answers: Iterable[Answer]) -> tuple[Rating, ...]:
    """A rating for each facet and each model that gave the judged text."""
    authors: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        authors.setdefault((answer.prompt_id, answer.text_sha256), []).append(answer)
    return tuple(
        answer.rated(said.score, verdict.judge, verdict.at, note=said.reason, facet=facet)
        for verdict in verdicts
        for answer in authors.get((verdict.prompt_id, verdict.texts[0]), ())
        for facet, said in verdict.scores.items()
    )


def votes_of(verdicts: Iterable[Verdict], answers: Iterable[Answer]) -> tuple[Vote, ...]:
    """A vote of each judge on each two answers that it was asked to compare, both ways round."""
    judges: dict[str, dict[tuple[str, ...], Verdict]] = {}
    for said in verdicts:
        if said.kind == "pair":
            judges.setdefault(said.judge, {})[said.prompt_id, *said.texts] = said
    found = []
    for left, right in pairs(answers) if judges else ():
        one, other = left.text_sha256, right.text_sha256
        for judge, said_of in judges.items():
            ahead, behind = said_of.get((left.prompt_id, one, other)), said_of.get((left.prompt_id, other, one))
            if one != other and ahead and behind and ahead.better and behind.better:
                vote = Vote(
                    left=left.model,
                    right=right.model,
                    prompt_id=left.prompt_id,
                    left_sha256=one,
                    right_sha256=other,
                    better=both_ways(ahead.better, behind.better),
                    by=judge,
                    at=max(ahead.at, behind.at),
                )
                found.append(vote)
    return tuple(found)


def preference_for_itself(judge: str, judge_id: str | None, record: RunRecord) -> str | None:
    """A caution where the judge is one of the judged; None where it isn't, as far as names and ids tell."""
    own = {judge, judge_id, judge.partition(":")[2]} - {None, ""}
    judged: Mapping[str, str | None] = {model.name: model.id for model in record.models}
    names = [name for name, known in judged.items() if name in own or known in own]
    if not names:
        return None
    return f"{names[0]} judges its own answers too: models tend to prefer their own; let another one judge as well"
