"""Degenerate output: answers that are empty or go round in circles, told from their text alone."""

import re
from typing import Literal

import numpy as np

from foundry_bench.values.record import Sample

Fault = Literal["empty", "loop", "repeats"]

FEWEST_WORDS = 20
REPEATED_SHARE = 0.5

_TAIL = 2_000
_LEAST_LOOP = 24
_WORDS = re.compile(r"\w+|[^\w\s]")
_LONGEST_PERIOD = 80
_TIMES = 4
_SAID: dict[Fault, str] = {"empty": "empty", "loop": "ending in a loop", "repeats": "repeating themselves"}


def fault_of(text: str) -> Fault | None:
    """What is degenerate about an answer's text.

    - empty: no letter and no digit.
    - loop: it ends in something of up to 80 characters, four times in a row or more, and that makes up half of it
      (of its last 2,000 characters).
    - repeats: of 20 words or more, half of all sequences of four have been there before. Greedy decoding of weak
      models shows 0.4 and more, people's texts under 0.03.

    Source: seq-rep-4 of Welleck et al. (2020), Neural Text Generation with Unlikelihood Training, ICLR.
    """
    if not any(sign.isalnum() for sign in text):
        return "empty"
    end = text.strip()[-_TAIL:]
    if _looped(end) >= max(_LEAST_LOOP, len(end) / 2):
        return "loop"
    words = _WORDS.findall(text)
    fours = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    if len(words) >= FEWEST_WORDS and 1 - len(set(fours)) / len(fours) >= REPEATED_SHARE:
        return "repeats"
    return None


def _looped(end: str) -> int:
    """Length of the longest stretch that repeats up to 80 characters four times or more, and reaches the last 80.

    A text of period p equals itself p further on; the longest runs of such equality are looked for, period by period.
    """
    signs = np.frombuffer(end.encode("utf-32-le", "surrogatepass"), np.uint32)
    longest = 0
    for period in range(1, min(_LONGEST_PERIOD, len(signs) // _TIMES) + 1):
        breaks = np.flatnonzero(signs[period:] != signs[:-period])
        ends = np.append(breaks, len(signs) - period)
        runs = np.diff(ends, prepend=-1) - 1
        there = (runs >= (_TIMES - 1) * period) & (ends + period > len(signs) - _LONGEST_PERIOD)
        longest = max(longest, int(runs[there].max(initial=-period)) + period)
    return longest


class OutputCheck:
    """Watches the answers of one model; a prompt is judged by most of its answers, the model by half of its prompts."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault | None]] = {}
        self._known: dict[str, Fault | None] = {}
        self._longest = 0
        self.ends: set[str | None] = set()

    def add(self, sample: Sample) -> None:
        """Take in a measured answer; equal texts are looked at once."""
        if sample.text_sha256 not in self._known:
            self._known[sample.text_sha256] = fault_of(sample.text)
            self._longest = max(self._longest, len(_WORDS.findall(sample.text)))
        self._faults.setdefault(sample.prompt_id, []).append(self._known[sample.text_sha256])
        self.ends.add(sample.finish_reason)

    @property
    def short(self) -> bool:
        """Whether every text is too short to tell whether it repeats itself."""
        return bool(self._known) and self._longest < FEWEST_WORDS

    @property
    def truncated(self) -> bool:
        """Whether every answer was cut at max_tokens."""
        return self.ends == {"length"}

    def reason(self) -> str | None:
        """Why the model can't be chosen, in words; None where its output is sound."""
        bad = {prompt: some for prompt, some in self._faults.items() if sum(map(bool, some)) * 2 > len(some)}
        if not bad or len(bad) * 2 <= len(self._faults):
            return None
        kinds = dict.fromkeys(fault for some in bad.values() for fault in some if fault)
        said = " or ".join(_SAID[kind] for kind in kinds)
        return f"degenerate output: answers {said} for {len(bad)} of {len(self._faults)} prompts"
