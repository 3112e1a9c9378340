"""``foundry-bench judge``: quality by a second model."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foundry_bench.commands.failure_line import failure_line
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.json_text import json_text
from foundry_bench.session.judge_log import JUDGE_FILE, Verdict
from foundry_bench.session.judge_questions import Question, pair_questions, read_rubric, score_questions
from foundry_bench.session.judgement import preference_for_itself, ratings_of, votes_of
from foundry_bench.session.judging import Judging
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.quality_tables import preference, preference_json, quality_document, quality_text
from foundry_bench.session.ratings import load_ratings, save_ratings
from foundry_bench.session.run_list import find_answered
from foundry_bench.session.settings import resolve
from foundry_bench.session.signals import answered
from foundry_bench.session.store import load, read_samples
from foundry_bench.session.tables import as_text
from foundry_bench.session.targets import find_target
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import Event, StageProgressed, StageStarted
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import Answer, distinct_answers, first_answers
from foundry_bench.values.result import RunRecord

_MAX_TOKENS = 512
_MOST_FAILURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A run before its judge."""

    path: Path
    record: RunRecord
    answers: Sequence[Answer]
    pairwise: bool


def main(args: argparse.Namespace) -> int:
    """Judge a run's answers; 0 where all are judged, 1 where some could not be, 130 where it was interrupted.

    Raises:
        InputError: the run can't be read or has nothing to judge, or its ratings can't be written.
    """
    settings = resolve(vars(args) | {"models": (args.judge_model,), "max_tokens": None}, os.environ)
    path = find_answered(settings.out, args.run)
    samples = read_samples(path)
    answers = first_answers(samples) if args.pairwise else distinct_answers(samples)
    case = _Case(path=path, record=load(path), answers=answers, pairwise=args.pairwise)
    plan = replace(
        settings.plan,
        max_tokens=args.max_tokens or _MAX_TOKENS,
        runtime=with_default_folders(settings.plan.runtime),
    )
    target = find_target(args.judge_model, plan.endpoint, settings.endpoints, settings.adapters, list_own())
    load_ratings(path)  # where they can't be read, the judge isn't asked in vain
    rubric = read_rubric(args.judge_prompt) if args.judge_prompt else None
    make = pair_questions if args.pairwise else score_questions
    questions = make(case.record.plan, answers, rubric)
    if not questions:
        what = "two models' answers to a prompt that differ" if args.pairwise else "answers"
        raise InputError(f"{path.name} has no {what}; choose another run ('foundry-bench history' lists them)")
    with StderrProgress() as progress:
        listener = _Listener(progress, args.judge_model, len(questions))
        judging = Judging(path, plan, target, questions, listener.hear)
        listener.judged = len(judging.verdicts)
        try:
            interrupted = asyncio.run(_until_done(judging))
        except BlockingIOError as error:
            raise InputError(f"{path / JUDGE_FILE}: another judge is at work there; wait for its end") from error
        except OSError as error:
            raise InputError(f"{path / JUDGE_FILE}: {error.strerror}; what was judged is kept: make room") from error
    return _tell(case, judging, target.name, as_json=args.json, interrupted=interrupted)


async def _until_done(judging: Judging) -> bool:
    """Judge; returns whether it was interrupted, with what was judged on disk."""
    task = asyncio.ensure_future(judging.judge())
    with answered(SIGINT=task.cancel, SIGTERM=task.cancel):
        try:
            await task
        except asyncio.CancelledError:
            return True
    return False


class _Listener:
    """Shows how far the judge is."""

    def __init__(self, progress: StderrProgress, judge: str, total: int) -> None:
        self._progress = progress
        self._judge = judge
        self._total = total
        self._asked = self._told = 0
        self.judged = 0

    def hear(self, event: Event | Verdict) -> None:
        """Follow the judging."""
        match event:
            case StageStarted(stage="measure"):
                self._progress.step(f"{self._judge}: judging", float(self._total))
                self._count()
            case StageStarted() | StageProgressed():
                self._progress.show(event)
            case Verdict(error=None):
                self._asked += 1
                self.judged += 1
                self._count()
            case Verdict():
                self._asked += 1
                self._count(f"{event.prompt_id}, attempt {event.attempt}: {event.error}")

    def _count(self, detail: str = "") -> None:
        """How far it is: on a terminal always, elsewhere a line for each tenth, as judges take minutes."""
        words = f"{self.judged} of {self._total}"
        self._progress.update(completed=float(self.judged), detail=detail or words)
        if not sys.stderr.isatty() and self._asked >= self._told + max(1, self._total // 10):
            self._told = self._asked
            again = f" ({self._asked} asked)" if self._asked > self.judged else ""
            self._progress.say(f"{self._judge}: {words} judged{again}")


def _tell(case: _Case, judging: Judging, judge: str, *, as_json: bool, interrupted: bool) -> int:
    """Record what the verdicts amount to, and print it; returns the exit code."""
    if not case.pairwise:
        try:
            save_ratings(case.path, ratings_of(judging.verdicts.values(), case.answers), "judge")
        except OSError as error:
            raise InputError(f"{case.path}: {error.strerror}; the verdicts are kept: make room, judge again") from error
    ratings = load_ratings(case.path)
    own = replace(ratings, judge=tuple(one for one in ratings.judge if one.by == judge))
    votes = votes_of(judging.verdicts.values(), case.answers) if case.pairwise else ()
    caution = preference_for_itself(judge, judging.judge_id, case.record)
    missing = judging.missing
    if as_json:
        document = {
            "schema": "foundry-bench/judgement/1",
            "run": case.record.id,
            "judge": judge,
            "judge_id": judging.judge_id,
            "asked": len(judging.verdicts) + len(missing),
            "judged": len(judging.verdicts),
            "failed": [
                {"prompt_id": one.prompt_id, "texts": one.texts, "error": judging.error_of(one)} for one in missing
            ],
            "cautions": [caution] if caution else [],
            "pairs": preference_json(votes),
            **quality_document(own),
        }
        print(json_text(document))
    elif case.pairwise:
        print(as_text(preference(votes)) if votes else "", end="\n" if votes else "")
    elif own.judge:
        print(quality_text(own))
    if caution:
        print(f"caution: {one_line(caution)}", file=sys.stderr)
    _tell_missing(case.path / JUDGE_FILE, judging, missing, judge)
    return 130 if interrupted else 1 if missing else 0


def _tell_missing(log: Path, judging: Judging, missing: Sequence[Question], judge: str) -> None:
    judged = len(judging.verdicts)
    total = judged + len(missing)
    raw = f"; raw verdicts are in {log}" if log.is_file() and log.stat().st_size else ""
    print(f"judged {judged} of {total}{raw}", file=sys.stderr)
    if judging.problem:  # the same for all
        print(failure_line(judge, judging.problem.message, judging.advice), file=sys.stderr)
        return
    formless = [one for one in missing if judging.broke_the_form(one)]
    if len(formless) > 1:
        missing = [one for one in missing if one not in formless]
        print(
            f"no verdict for {len(formless)} of {total}: {one_line(judge)} doesn't keep to the form; choose a larger "
            "judge, or allow longer answers with --max-tokens",
            file=sys.stderr,
        )
    for one in missing[:_MOST_FAILURES]:
        print(f"{one_line(one.prompt_id)}: no verdict: {one_line(judging.error_of(one))}", file=sys.stderr)
    if len(missing) > _MOST_FAILURES:
        print(f"and {len(missing) - _MOST_FAILURES} more; the same command asks them again", file=sys.stderr)
