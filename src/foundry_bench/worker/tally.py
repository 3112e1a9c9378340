"""Counts a model's measured requests, and says in the end what became of the model."""

from foundry_bench.values.record import Failure, ModelStatus, Sample
from foundry_bench.worker.backend import ModelUnavailableError


class Tally:
    """The measured requests of one model.

    Args:
        answered: those that an earlier run has recorded.
    """

    def __init__(self, answered: int) -> None:
        self._answered = answered
        self._failed = 0
        self._tokens: list[int | None] = []

    def count(self, sample: Sample) -> None:
        """Take one more in."""
        self._answered += sample.counts
        self._failed += not sample.counts
        self._tokens.extend([sample.completion_tokens] if sample.counts else [])

    @property
    def answers(self) -> int:
        """The answers of this run."""
        return len(self._tokens)

    @property
    def completion_tokens(self) -> int | None:
        """Theirs, in total; None where one of them didn't tell."""
        known = [tokens for tokens in self._tokens if tokens is not None]
        return sum(known) if len(known) == len(self._tokens) else None

    def verdict(
        self, failure: ModelUnavailableError | None, *, stopped: bool
    ) -> tuple[ModelStatus, Failure | None, str | None]:
        """The model's status, its error and what to do about that."""
        error = Failure(type=failure.kind, message=str(failure)) if failure else None
        advice = (failure.advice or None) if failure else None
        if self._answered:
            return "partial" if self._failed or failure or stopped else "ok", error, advice
        if failure:
            return "skipped" if failure.skipped else "failed", error, advice
        if stopped:
            return "skipped", Failure(type="stopped", message="stopped before its first measured answer"), None
        return (
            "failed",
            Failure(type="no_answers", message="none of its measured requests was answered"),
            "see the errors in samples.jsonl; a longer --timeout or fewer --max-tokens may help",
        )
