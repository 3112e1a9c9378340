from foundry_bench.tui.pace import Pace


def test_cheap_draws_keep_the_tick() -> None:
    pace = Pace(0.1)
    pace.took(0.001)
    assert pace.wait_s == 0.1


def test_dear_draws_stretch_it_to_their_share() -> None:
    pace = Pace(0.1, share=0.06)
    for _ in range(50):
        pace.took(0.03)
    assert 0.49 < pace.wait_s < 0.51
