"""What a judge says of two answers, and what it amounts to where it was asked both ways round."""

from typing import Literal

from foundry_bench.values.votes import Better

Said = Literal["A", "B", "tie"]


def both_ways(left_as_a: Said, left_as_b: Said) -> Better | None:
    """Which of two answers is better, where the left one was A the first time and B the second.

    A win needs both: a judge that goes by the place says A twice, or B twice, and so decides nothing.
    """
    known: dict[tuple[Said, Said], Better] = {("A", "B"): "left", ("B", "A"): "right", ("tie", "tie"): "alike"}
    return known.get((left_as_a, left_as_b))
