"""Figures as people read them: the one place where units are put to numbers, and text is made safe for a line."""

import re
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # both import numpy, which the first paint of the screen does not wait for
    from foundry_bench.values.metrics import Unit
    from foundry_bench.values.stats import Distribution

UNDEFINED = "\N{EN DASH}"

_BRIEF = 300  # characters of a reason

# Escape sequences of terminals: CSI, OSC with either terminator, and the two-character ones.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
# Control characters but tab and line feed, line separators, the marks that reverse the direction of what follows,
# halves of surrogate pairs.
_ODD = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_DANGEROUS = re.compile(f"[{_ODD}]")
_UNSAFE = re.compile(f"[{_ODD}\\t\\n]+")


def seconds(value: float | None) -> str:
    """Seconds to ``850 ms`` or ``1.23 s``, three digits."""
    return figure(value, "s")


def rate(value: float | None) -> str:
    """Tokens a second to ``38.2 tok/s``, three digits."""
    return figure(value, "tokens/s")


def figure(value: float | None, unit: "Unit", *, sign: bool = False) -> str:
    """A value of a metric, by the metric's unit, three digits; ``sign`` puts a plus before what is not negative."""
    if value is None or not isfinite(value):
        return UNDEFINED
    factor, symbol = _scale(value, unit)
    plus = "+" if sign else ""
    return f"{value * factor:{plus},.{_decimals(value * factor, 3)}f} {symbol}"


def mean_with_interval(distribution: "Distribution | None", unit: "Unit", *, sign: bool = False) -> str:
    """``38.2 ± 1.1 tok/s``: the mean and the farther end of its 95 % interval; the mean alone where there is none.

    The interval shows two digits and the mean as many decimals as it: more would be noise.
    """
    if distribution is None or distribution.ci95_mean is None:
        return figure(distribution.mean if distribution else None, unit, sign=sign)
    mean = distribution.mean
    low, high = distribution.ci95_mean
    margin = max(high - mean, mean - low)
    factor, symbol = _scale(max(abs(mean), margin), unit)
    decimals = _decimals(margin * factor, 2) if margin else _decimals(mean * factor, 3)
    plus = "+" if sign else ""
    return f"{mean * factor:{plus},.{decimals}f} ± {margin * factor:,.{decimals}f} {symbol}"


def megabytes(value: float | None) -> str:
    """MB to ``251 MB`` or ``3.70 GB`` (1 GB is 1,000 MB), three digits."""
    if value is None or not isfinite(value):
        return UNDEFINED
    if float(f"{value:.3g}") < 1000:
        return f"{value:.{_decimals(value, 3)}f} MB"
    return f"{value / 1000:.{_decimals(value / 1000, 3)}f} GB"


def joules(value: float | None) -> str:
    """Joules to ``52 mJ`` or ``1.23 J``, three digits."""
    return _with_prefix(value, "J")


def watts(value: float | None) -> str:
    """Watts to ``850 mW`` or ``12.3 W``, three digits."""
    return _with_prefix(value, "W")


def money(value: float | None, currency: str | None) -> str:
    """An amount to ``0.0421 EUR``, three digits; small ones keep them."""
    if value is None or not isfinite(value):
        return UNDEFINED
    decimals = _decimals(value, 3) if value >= 1 else 2 - floor(log10(value)) if value > 0 else 2
    return one_line(f"{value:,.{min(decimals, 9)}f} {currency or ''}")


def _with_prefix(value: float | None, symbol: str) -> str:
    if value is None or not isfinite(value):
        return UNDEFINED
    factor, prefix = (1000.0, "m") if abs(float(f"{value:.3g}")) < 1 else (1.0, "")
    return f"{value * factor:,.{_decimals(value * factor, 3)}f} {prefix}{symbol}"


def percent(fraction: float | None, *, sign: bool = False) -> str:
    """A fraction of 1 to ``12 %``, two digits; beyond the hundredfold to ``> 9999 %``: more digits say nothing more."""
    if fraction is None or not isfinite(fraction):
        return UNDEFINED
    plus = "+" if sign else ""
    if fraction >= 100:
        return f"> {plus}9999 %"
    return f"{fraction * 100:{plus}.{_decimals(fraction * 100, 2)}f} %"


def score(value: float | None) -> str:
    """A mean of scores from 1 to 5, two decimals."""
    return UNDEFINED if value is None or not isfinite(value) else f"{value:.2f}"


def one_line(text: str) -> str:
    """Text of others, without escape sequences, control characters and line breaks."""
    return _UNSAFE.sub(" ", _ANSI.sub("", text)).strip()


def brief(text: str) -> str:
    """A reason in the words of others, on one line and within 300 characters."""
    line = " ".join(one_line(text).split())
    return line if len(line) <= _BRIEF else line[: _BRIEF - 1] + "…"


def printable(text: str) -> str:
    """The text without what a terminal would obey or choke on: control characters other than tab and line feed,
    marks that turn the direction of what follows, halves of surrogate pairs.
    """
    return _DANGEROUS.sub("", text)


def _scale(value: float, unit: "Unit") -> tuple[float, str]:
    if unit == "tokens/s":
        return 1.0, "tok/s"
    return (1.0, "s") if abs(float(f"{value:.3g}")) >= 1 else (1000.0, "ms")


def _decimals(value: float, digits: int) -> int:
    """Decimals that show ``digits`` significant digits of ``value``: 0 to 3."""
    rounded = abs(float(f"{value:.{digits}g}"))
    return min(3, max(0, digits - 1 - floor(log10(rounded)))) if rounded else 0
