import pytest

from factories import known
from foundry_bench.values.leads import Standing, lead

A = Standing(model="a", value=2.0, interval=(1.8, 2.2))
B = Standing(model="b", value=3.0, interval=(2.1, 3.9))
C = Standing(model="c", value=4.0, interval=(3.0, 5.0))


def test_the_best_leads_in_the_metrics_own_sense() -> None:
    low, high = known(lead([C, B, A], "lower")), known(lead([A, B, C], "higher"))
    assert (low.best, low.next, low.behind) == (A, B, 0.5)
    assert (high.best, high.next, high.behind) == (C, B, -0.25)


@pytest.mark.parametrize(
    ("standings", "certain"),
    [
        ((A, B), False),
        ((A, C), True),
        ((C, A), True),
        ((A,), False),
        ((A, Standing(model="d", value=9.0)), False),
    ],
)
def test_certain_only_where_intervals_stand_apart(standings: tuple[Standing, ...], certain: bool) -> None:
    assert known(lead(standings, "lower")).certain is certain


def test_of_equal_ones_the_earlier() -> None:
    assert known(lead([Standing(model="x", value=1.0), Standing(model="y", value=1.0)], "higher")).best.model == "x"


def test_nothing_to_lead() -> None:
    assert lead([], "lower") is None
    assert known(lead([Standing(model="x", value=0.0), A], "lower")).behind is None
