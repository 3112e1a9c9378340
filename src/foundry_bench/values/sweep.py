"""What a sweep measures beside a plan's own prompts: levels of concurrency, and of the prompt's length."""

from dataclasses import dataclass
from itertools import cycle, islice
from math import ceil

from foundry_bench.values.plan import Plan, Prompt

# Requests of each connection of a level; fewer would mostly measure its first and last moments.
_EACH = 3
# Where a rule ends the plan's own rounds, and their number says nothing.
_ROUNDS = 5
# English prose by the tokenizers of current small models, and what a chat template adds.
_WORDS_PER_TOKEN = 0.9
_TEMPLATE_TOKENS = 20
_TEXT = (
    "The river leaves the hills a little north of the town and turns east under the old bridge. In spring it carries "
    "more water than the banks can hold, and the meadows on both sides stay wet until the end of May. People who live "
    "there have learned to build their houses on the low ridge that runs along the road. A mill stood beside the weir "
    "for almost three hundred years; its wheel is gone, but the stone channel still leads the water past the garden. "
    "Every autumn the school sends a class to measure the depth at seven places and to write the figures in a book. "
    "The oldest page is so pale that nobody can read the second column any more. "
)
_QUESTION = "Summarize the text above in one sentence."


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A point of a sweep: requests in flight at once, and about how many tokens a prompt has (None: the plan's own)."""

    concurrency: int
    prompt_tokens: int | None = None

    @property
    def name(self) -> str:
        """As samples and results name it."""
        if self.prompt_tokens is not None:
            return f"prompt_tokens={self.prompt_tokens}"
        return f"concurrency={self.concurrency}"


def sweep_levels(plan: Plan) -> tuple[Level, ...]:
    """The levels that are measured after the plan's own rounds, which are the level of its own concurrency."""
    swept = (Level(concurrency=number) for number in sorted(plan.sweep.concurrency) if number != plan.concurrency)
    deep = (Level(concurrency=plan.concurrency, prompt_tokens=number) for number in sorted(plan.sweep.prompt_tokens))
    return (*swept, *deep)


def level_requests(plan: Plan, level: Level) -> list[tuple[Prompt, int]]:
    """The prompts of a level with their rounds: as many rounds as the plan has, or more for many connections."""
    prompts = 1 if level.prompt_tokens else len(plan.prompts)
    wanted = _ROUNDS if plan.until else plan.rounds
    if level.concurrency > 1:
        wanted = max(wanted, ceil(_EACH * level.concurrency / prompts))
    rounds = range(1, wanted + 1)
    if level.prompt_tokens:
        return [(deep_prompt(level.prompt_tokens, number, plan.sweep.text), number) for number in rounds]
    return [(prompt, number) for number in rounds for prompt in plan.prompts]


def deep_prompt(tokens: int, number: int, text: str | None = None) -> Prompt:
    """A prompt of about so many tokens: a text, repeated and cut, with a question at its end.

    The first words differ from round to round and from level to level, since servers remember how prompts begin.
    """
    frame = f"Text {number} of length {tokens}."
    room = max(1, round((tokens - _TEMPLATE_TOKENS) * _WORDS_PER_TOKEN) - len(frame.split()) - len(_QUESTION.split()))
    words = islice(cycle((text or _TEXT).split()), room)
    return Prompt(id=f"tokens-{tokens}", prompt=f"{frame} {' '.join(words)}\n\n{_QUESTION}")
