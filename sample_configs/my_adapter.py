"""An adapter to start from: it answers with what it has read, so that it runs anywhere. Put your model in its place.

    foundry-bench run adapter-plan.toml
    foundry-bench probe --adapter my_adapter.py my_adapter:my_adapter.py

`load` is called once, `generate` for each request. What they print goes to the worker's log in the run's folder.
"""

import random
from collections.abc import Generator
from pathlib import Path

pairs: dict[str, list[str]] = {}


def load(weights_path: str) -> None:
    """Read the weights: here any text, from which it learns which word may follow which."""
    words = Path(weights_path).read_text("utf-8").split()
    for word, follower in zip(words, words[1:] + words[:1], strict=True):
        pairs.setdefault(word, []).append(follower)


def generate(
    prompt: str, *, max_tokens: int, temperature: float, seed: int, **_params: object
) -> Generator[str, None, dict[str, object]]:
    """Yield each piece of the answer as soon as it is there: the moment it is yielded is its time of arrival."""
    choice = random.Random(f"{seed} {prompt}")
    word = next(iter(pairs))
    for _ in range(max_tokens):
        yield word + " "
        word = choice.choice(pairs[word]) if temperature > 0 else pairs[word][0]
    # All of this is optional; what isn't said is unknown, and shown as such.
    return {"finish_reason": "length", "prompt_tokens": len(prompt.split()), "completion_tokens": max_tokens}
