"""What an adapter is: the way by which any Python code becomes a model that can be measured."""

from collections.abc import Iterator, Mapping
from typing import Protocol

# The entry point group under which a package offers adapters.
GROUP = "foundry_bench.adapters"


class Adapter(Protocol):
    """A module, an object, or a class that is called without arguments, with these two functions.

    It may have more, each of which is optional:

    - ``count_tokens(text: str) -> int``: tokens of an answer, by the model's own tokenizer.
    - ``close()``: is called after the last answer.
    - ``max_concurrency: int``: how many requests it can take at once, each in a thread of its own. Without it
      there is one thread, in which ``load`` runs too, and further requests wait for their turn.
    - ``device: str`` and ``execution_provider: str``: what it computes on, for the reports.
    """

    def load(self, weights_path: str) -> object:
        """Load the model; its time is recorded, and what it returns is not used.

        Args:
            weights_path: the file or folder that the user named, or what was written where there is no such file;
                empty where nothing was.
        """

    def generate(
        self, prompt: str, *, system: str | None, max_tokens: int, temperature: float, seed: int
    ) -> str | Iterator[str]:
        """Answer one prompt, on its own: nothing of an earlier one belongs in it.

        Later versions may pass more, so an adapter best takes ``**params`` for those that it doesn't name.

        Returns:
            The whole text, or an iterator of its pieces: then each is stamped the moment it is yielded.
            A generator may ``return`` a mapping with what it knows of its answer: see ``ENDING``.
        """


# What a generator may return at its end, and the kind of each value.
ENDING: Mapping[str, type] = {"finish_reason": str, "prompt_tokens": int, "completion_tokens": int}
