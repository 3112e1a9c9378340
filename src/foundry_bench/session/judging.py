"""Has a model judge answers: asks what isn't judged yet, and asks again where the verdict can't be used."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from foundry_bench.session.judge_log import JUDGE_FILE, Verdict, read_verdicts
from foundry_bench.session.judge_questions import Question, ask_again
from foundry_bench.session.line_log import LineLog
from foundry_bench.session.paths import log_dir
from foundry_bench.session.supervisor import start_worker
from foundry_bench.session.verdicts import read_choice, read_scores
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import Event, ModelDescribed, ModelFinished, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Failure, Sample
from foundry_bench.worker.protocol import Measure

ATTEMPTS = 3
Listener = Callable[[Event | Verdict], None]


class Judging:
    """A judge at work on a run.

    Args:
        path: the run's folder; every verdict is on disk, in ``judge.jsonl``, before the listener hears of it.
        plan: how the judge is asked: its answer's length, timeout, concurrency, runtime.
        target: the judge.
        questions: what it is to judge.
        listener: is told what the worker tells, and each verdict.

    Attributes:
        verdicts: the usable ones by their questions' ids, those of earlier times too.
        judge_id: what the judge's backend calls it, once that is known.
        problem: why the judge as such could not be asked; None where it could.
        advice: how to mend that, where it is known.
    """

    def __init__(
        self, path: Path, plan: Plan, target: Target, questions: Sequence[Question], listener: Listener
    ) -> None:
        self._path = path
        self._plan = replace(plan, temperature=0.0, system=None)
        self._target = target
        self._questions = {question.id: question for question in questions}
        self._listener = listener
        self._errors: dict[str, str | None] = {}
        self._faults: dict[str, str] = {}  # of answers that came: the judge can't mend a request that failed
        known = read_verdicts(path).get(target.name, {})
        self.verdicts = {key: known[key] for key in self._questions if key in known}
        self.judge_id: str | None = None
        self.problem: Failure | None = None
        self.advice: str | None = None

    @property
    def missing(self) -> list[Question]:
        """What is not judged yet."""
        return [question for key, question in self._questions.items() if key not in self.verdicts]

    def error_of(self, question: Question) -> str:
        """Why a question has no verdict."""
        return self._errors.get(question.id) or (self.problem.message if self.problem else "not asked")

    def broke_the_form(self, question: Question) -> bool:
        """Whether the judge answered last, and not in the form that it was asked for."""
        fault = self._faults.get(question.id)
        return fault is not None and self.error_of(question).startswith(fault)

    async def judge(self) -> None:
        """Ask all that is missing, each at most three times; what can't be judged stays ``missing``.

        Raises:
            OSError: a verdict can't be written.
        """
        log = LineLog(self._path / JUDGE_FILE)
        try:
            for attempt in range(1, ATTEMPTS + 1):
                if self.missing and not self.problem:
                    await self._ask(self.missing, attempt, log)
        finally:
            log.close()

    async def _ask(self, questions: Sequence[Question], attempt: int, log: LineLog) -> None:
        prompts = [
            Prompt(id=one.id, prompt=ask_again(one, self._faults.get(one.id)), system=one.system) for one in questions
        ]
        # Another seed: at temperature 0 some servers still take it into account.
        plan = replace(self._plan.once(self._target.name, prompts), seed=self._plan.seed + attempt - 1)
        finished: ModelFinished | None = None
        answered = False
        async with start_worker(log_dir() / "judge.log") as worker:
            worker.send(Measure(plan=plan, target=self._target))
            async with contextlib.aclosing(worker.events()) as events:
                async for event in events:
                    match event:
                        case SampleFinished(sample=sample) if sample.phase == "measure":
                            answered = True
                            self._take(self._verdict(sample, attempt), log)
                        case ModelDescribed(id=found):
                            self.judge_id = found
                        case ModelFinished():
                            finished = event
                            break
                    self._listener(event)
            if not answered:
                self.problem = (finished.error if finished else None) or await worker.cause_of_death()
                self.advice = finished.advice if finished else None

    def _take(self, verdict: Verdict, log: LineLog) -> None:
        log.append(verdict)
        self._errors[verdict.question] = verdict.error
        if verdict.error is None:
            self.verdicts[verdict.question] = verdict
        self._listener(verdict)

    def _verdict(self, sample: Sample, attempt: int) -> Verdict:
        question = self._questions[sample.prompt_id]
        verdict = Verdict(
            at=datetime.now(UTC),
            judge=self._target.name,
            kind="score" if question.facets else "pair",
            question=question.id,
            prompt_id=question.prompt_id,
            texts=question.texts,
            attempt=attempt,
            answer=sample.text,
        )
        if not sample.counts:
            return replace(verdict, error=sample.error.message if sample.error else f"no answer: {sample.status}")
        try:
            if question.facets:
                return replace(verdict, scores=read_scores(sample.text, question.facets))
            better, reason = read_choice(sample.text)
        except InputError as error:
            self._faults[question.id] = str(error)
            cut = "; it was cut off: allow more with --max-tokens" if sample.finish_reason == "length" else ""
            return replace(verdict, error=f"{error}{cut}")
        return replace(verdict, better=better, reason=reason)
