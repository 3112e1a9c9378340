"""The file of weights: what each criterion of the scorecard weighs, and which figure stands behind it."""

from pathlib import Path
from typing import Any

from foundry_bench.session.documents import at_line, parse_json, parse_toml, read_text
from foundry_bench.session.refusals import instance, known, place, refusal
from foundry_bench.session.rules import label, number
from foundry_bench.session.scoring import TIMED
from foundry_bench.values.comparison import parse_figure
from foundry_bench.values.errors import InputError
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.preference import Preference, default_figures
from foundry_bench.values.scorecard import CRITERIA

_weight = number("a number of at least 0", lambda weight: weight >= 0)


def read_preference(path: Path) -> Preference:
    """The weights and figures of a ``.toml`` or ``.json`` file, such as ``{"latency": 0.6, "quality": 0.4}``.

    A criterion that isn't named weighs nothing: who gives weights means these. Why the defaults are what they are
    stands at ``CRITERIA``. ``figures`` may name the figure behind latency and throughput.

    Raises:
        InputError: with the file and the line or key that can't be used.
    """
    with place(path):
        read = {".toml": parse_toml, ".json": parse_json}.get(path.suffix.lower())
        if read is None:
            raise InputError("must be a .toml or .json file of weights")
        text = read_text(path)
        given: dict[str, Any] = dict(instance(read(text), dict, "the file", "an object of weights"))
        figures = instance(given.pop("figures", {}), dict, "figures", "an object of names")
        weights: dict[str, float] = {}
        for name, value in given.items():
            with at_line(text, name):
                known([name], (*CRITERIA, "figures"))
                weights[name] = float(_weight(value, name))  # type: ignore[arg-type]  # a number
        if not any(weights.values()):
            raise InputError(f"no criterion weighs anything; give one of {', '.join(CRITERIA)} a weight above 0")
        for name in figures:
            with at_line(text, name):
                known([name], TIMED)
        return Preference(
            weights=weights,
            figures=default_figures() | {name: _figure(value, name) for name, value in figures.items()},
            source=str(path),
        )


def _figure(value: object, criterion: str) -> str:
    name = label(value, f"figures.{criterion}")
    parse_figure(name)
    if METRICS[name.partition(".")[0]].better != CRITERIA[criterion].better:
        raise refusal(f"figures.{criterion}", f"a figure of which the {CRITERIA[criterion].better} is better", name)
    return name
