import time

import pytest

from factories import make_sample
from foundry_bench.values.degenerate import Fault, OutputCheck, fault_of

PROSE = (
    "Retrieval-augmented generation looks up passages that fit a question and hands them to the model with it. "
    "The answer then rests on text that can be checked, and stays current without training the model anew."
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("... ,,, ...", "empty"),
        ("1. 1. 1." + "1." * 30, "loop"),
        ("It is good. " * 12, "loop"),
        ("Once upon a time. " + "the cat sat on the mat and " * 8, "loop"),
        ("\u306f\u3044\u3002" * 20, "loop"),
        ("aaaa" + "the cat sat. " * 9, "loop"),
        ("It is so. " * 12 + PROSE[:79], "loop"),
        ("It is so. " * 12 + PROSE[:80], "repeats"),
        (".   and,   ,   , and,  ,  , and,   , and,    , and,  , and,    , and,   ,  , and,  , and,  ,  ,", "repeats"),
        ("a b c d e " + "x y z q " * 2 + "a b c d e " * 3 + "x y z q " * 2 + "a b c d e x", "repeats"),
        (PROSE, None),
        ("42", None),
        ("ha ha ha ha", None),
        ("1. Speed\n2. Privacy\n3. Cost\n4. Offline use", None),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", None),
        ("def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x - 1\n", None),
        ("\u79c1\u306f\u5b66\u751f\u3067\u3059\u3002\u6bce\u65e5\u672c\u3092\u8aad\u307f\u307e\u3059\u3002", None),
    ],
)
def test_texts(text: str, fault: Fault | None) -> None:
    assert fault_of(text) == fault


def test_long_answers_are_looked_at_in_no_time() -> None:
    started = time.process_time()
    fault_of(" ".join(f"word{number % 997} {number}" for number in range(10_000)))
    fault_of("ab" * 20_000 + "c")
    for sign in "0-_ ":
        fault_of(sign * 1_800 + PROSE)
    assert time.process_time() - started < 2


def check(*texts: tuple[str, str], finish: str = "stop") -> OutputCheck:
    found = OutputCheck()
    for number, (prompt, text) in enumerate(texts):
        found.add(make_sample(prompt_id=prompt, text=text, text_sha256=text, round=number, finish_reason=finish))
    return found


def test_most_prompts_decide() -> None:
    loop = "no " * 30
    assert check(("a", loop), ("b", PROSE)).reason() is None
    assert check(("a", loop), ("b", ""), ("c", PROSE)).reason() == (
        "degenerate output: answers ending in a loop or empty for 2 of 3 prompts"
    )
    assert check(("a", loop), ("a", PROSE), ("a", PROSE)).reason() is None
    assert check().reason() is None


def test_short_everywhere() -> None:
    assert check(("a", "word " * 19), ("b", "42")).short
    assert not check(("a", PROSE), ("b", "42")).short
    assert not check().short


def test_truncated_everywhere() -> None:
    assert check(("a", PROSE), finish="length").truncated
    assert not check(("a", PROSE)).truncated
    assert not check().truncated
