from foundry_bench.values.pareto import pareto_front


def test_the_front() -> None:
    assert pareto_front([(1, 5), (2, 4), (2, 3), (3, 4), (0, 5)]) == [(1, 5), (3, 4)]
    assert pareto_front([]) == []
