from math import nan

import pytest

from foundry_bench.values.spark import spark


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([1.0, 1.0], "▅▅"),
        ([1.0, 1.01], "▄▅"),
        ([1.0, 2.0], "▁█"),
        ([1.0, None, nan, 2.0], "▁  █"),
        ([1.0] * 12 + [2.0] * 12, "▁▁▁▁▁▁██████"),
    ],
)
def test_sparks(values: list[float | None], drawn: str) -> None:
    assert spark(values, "▁▂▃▄▅▆▇█") == drawn
