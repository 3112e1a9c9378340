"""Units and digits, and text of others."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import make_distribution
from foundry_bench.values.format import (
    UNDEFINED,
    brief,
    figure,
    joules,
    mean_with_interval,
    megabytes,
    money,
    one_line,
    percent,
    rate,
    seconds,
    watts,
)
from foundry_bench.values.stats import Distribution, describe


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (joules, None, UNDEFINED),
        (joules, 0.052, "52.0 mJ"),
        (joules, 1.234, "1.23 J"),
        (watts, 12.34, "12.3 W"),
        (watts, math.nan, UNDEFINED),
        (lambda value: money(value, "EUR"), None, UNDEFINED),
        (lambda value: money(value, "EUR"), 0.0, "0.00 EUR"),
        (lambda value: money(value, "EUR"), 0.0421, "0.0421 EUR"),
        (lambda value: money(value, None), 1234.5, "1,234"),
        (seconds, None, UNDEFINED),
        (seconds, math.nan, UNDEFINED),
        (seconds, math.inf, UNDEFINED),
        (seconds, 0.0, "0 ms"),
        (seconds, 0.0000123, "0.012 ms"),
        (seconds, 0.00514, "5.14 ms"),
        (seconds, 0.0851, "85.1 ms"),
        (seconds, 0.85, "850 ms"),
        (seconds, 0.9994, "999 ms"),
        (seconds, 0.9996, "1.00 s"),
        (seconds, 1.2345, "1.23 s"),
        (seconds, 99.96, "100 s"),
        (seconds, 1234.5, "1,234 s"),
        (seconds, -0.0017, "-1.70 ms"),
        (rate, 38.24, "38.2 tok/s"),
        (rate, 412.4, "412 tok/s"),
        (rate, 0.5, "0.500 tok/s"),
        (rate, None, UNDEFINED),
        (megabytes, 53.04, "53.0 MB"),
        (megabytes, 251.0, "251 MB"),
        (megabytes, 999.4, "999 MB"),
        (megabytes, 999.7, "1.00 GB"),
        (megabytes, 3700.0, "3.70 GB"),
        (joules, 0.9994, "999 mJ"),
        (joules, 0.9996, "1.00 J"),
        (megabytes, None, UNDEFINED),
        (percent, 0.123, "12 %"),
        (percent, 0.0123, "1.2 %"),
        (percent, 1.0, "100 %"),
        (percent, 99.99, "9999 %"),
        (percent, 154720.1, "> 9999 %"),
        (percent, None, UNDEFINED),
    ],
)
def test_figures(show: Callable[[float | None], str], value: float | None, text: str) -> None:
    assert show(value) == text


def test_signs() -> None:
    assert figure(0.0017, "s", sign=True) == "+1.70 ms"
    assert figure(-2.0, "s", sign=True) == "-2.00 s"
    assert percent(0.12, sign=True) == "+12 %"
    assert figure(1.5, "tokens/s", sign=True) == "+1.50 tok/s"


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (None, UNDEFINED),
        (describe([38.2]), "38.2 tok/s"),
        (make_distribution(38.24, 1.1), "38.2 ± 1.1 tok/s"),
        (make_distribution(380.4, 12.3), "380 ± 12 tok/s"),
        (make_distribution(38.2, 0.012), "38.200 ± 0.012 tok/s"),
        (describe([38.2, 38.2]), "38.2 ± 0.0 tok/s"),
    ],
)
def test_a_mean_shows_as_many_decimals_as_its_interval_bears(distribution: Distribution | None, text: str) -> None:
    assert mean_with_interval(distribution, "tokens/s") == text


def test_mean_and_margin_share_a_unit() -> None:
    assert mean_with_interval(make_distribution(0.0851, 0.004), "s") == "85.1 ± 4.0 ms"
    assert mean_with_interval(make_distribution(0.0017, 0.0004), "s", sign=True) == "+1.70 ± 0.40 ms"
    assert mean_with_interval(make_distribution(0.2, 1.5), "s") == "0.2 ± 1.5 s"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("phi-4-mini", "phi-4-mini"),
        ("two\nlines\r\n", "two lines"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("cut\x1b", "cut"),
        ("a\x00b\x07c", "a b c"),
        ("rtl\u202efdp.exe", "rtl fdp.exe"),
        ("line\u2028separator\x85", "line separator"),
        ("日本語 é 👩‍🚀", "日本語 é 👩‍🚀"),
    ],
)
def test_text_of_others_becomes_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_reason_is_brief() -> None:
    assert brief("\x1b[31mno  room\x1b[0m\n on the disk ") == "no room on the disk"
    assert brief("x" * 300) == "x" * 300
    assert brief("x" * 301) == "x" * 299 + "…"


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(char < " " or "\x7f" <= char < "\xa0" for char in line)
