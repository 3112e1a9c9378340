"""Checks the answers of a recorded run by the facets of its prompts, and records the scores as ratings."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from foundry_bench.session.facet_checks import Checker
from foundry_bench.session.ratings import save_ratings
from foundry_bench.session.store import load, read_samples
from foundry_bench.values.facets import checked
from foundry_bench.values.fleet import model_names
from foundry_bench.values.ratings import Rating, distinct_answers

CHECK = "check"


def check_run(path: Path, given_up: Callable[[], bool] = lambda: False) -> tuple[Rating, ...]:
    """Score every distinct answer of the run in the folder ``path`` by each checked facet of its prompt.

    Args:
        path: the run's folder; a run whose prompts have no such facet is left alone.
        given_up: is asked before each answer; where it says so nothing is recorded.

    Returns:
        The ratings, as recorded.

    Raises:
        InputError: the run or its ratings can't be read.
        OSError: the ratings can't be written.
    """
    record = load(path)
    facets = {prompt.id: checked(prompt.facets) for prompt in record.plan.prompts}
    if not any(facets.values()):
        return ()
    answers = [answer for answer in distinct_answers(read_samples(path)) if facets.get(answer.prompt_id)]
    # In the plan's order, whichever was answered first: runs of one plan are then the same line by line.
    models, prompts = model_names(record.plan, record.hosts), list(facets)
    answers.sort(key=lambda answer: (models.index(answer.model), prompts.index(answer.prompt_id)))
    now = datetime.now(UTC)
    found = []
    with Checker() as checker:
        for answer in answers:
            if given_up():
                return ()
            for facet in facets[answer.prompt_id]:
                score, why = checker.score(answer.text, facet)
                found.append(answer.rated(score, CHECK, now, note=why, facet=facet.name))
    save_ratings(path, found, "check")
    return tuple(found)
