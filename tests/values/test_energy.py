"""Energy a token and an answer, its cost, and what is undefined."""

from dataclasses import replace

import pytest

from foundry_bench.values.energy import Energy, Rates, energy
from foundry_bench.values.telemetry import Meter, MeterUse, Reading, Telemetry, Use, telemetry

PACKAGE = Meter("cpu", "package-0")
CARD = Meter("gpu", "GPU 0")
USED = Telemetry(
    seconds=10.0,
    answers=4,
    completion_tokens=200,
    cpu_percent=50.0,
    meters=(MeterUse(kind="cpu", name="package-0", joules=300.0, idle_w=10.0),),
)
CARD_USE = MeterUse(kind="gpu", name="GPU 0", joules=700.0, idle_w=20.0)


def known(found: Energy | None) -> Energy:
    assert found is not None
    return found


def test_measured_energy_is_shared_out_over_tokens_and_answers() -> None:
    found = known(energy(USED, "CPU", None, Rates(watts=99.0, price_per_kwh=0.36, currency="EUR")))
    assert (found.source, found.parts, found.joules, found.mean_w, found.idle_w) == (
        "measured",
        ("package-0",),
        300.0,
        30.0,
        10.0,
    )
    assert (found.joules_per_token, found.joules_per_token_above_idle, found.joules_per_answer) == (1.5, 1.0, 75.0)
    assert found.cost_per_million_tokens == pytest.approx(0.15)
    assert found.currency == "EUR"


def test_stated_watts_make_an_estimate_without_idle_share() -> None:
    found = known(energy(replace(USED, meters=()), "CPU", None, Rates(watts=15.0)))
    assert (found.source, found.parts, found.joules, found.joules_per_token) == ("estimated", (), 150.0, 0.75)
    assert found.joules_per_token_above_idle is None
    assert (found.cost_per_million_tokens, found.currency) == (None, None)


@pytest.mark.parametrize(
    ("meters", "device", "provider", "source"),
    [
        ((), "CPU", None, None),
        (USED.meters, None, None, "measured"),
        (USED.meters, "GPU", None, "measured"),
        (USED.meters, "GPU", "WebGpuExecutionProvider", "measured"),
        (USED.meters, "GPU", "CUDAExecutionProvider", None),  # the processor's package does not hear the card
        ((*USED.meters, CARD_USE), "GPU", "CUDAExecutionProvider", "measured"),
        ((CARD_USE,), "gpu", None, "measured"),
        ((CARD_USE,), "CPU", "CPUExecutionProvider", None),  # an idle card says nothing of a model on the processor
        ((CARD_USE,), None, None, None),
    ],
)
def test_meters_count_only_where_they_cover_the_device(
    meters: tuple[MeterUse, ...], device: str | None, provider: str | None, source: str | None
) -> None:
    found = energy(replace(USED, meters=meters), device, provider, Rates())
    assert (found and found.source) == source


def test_what_is_undefined_is_none_and_never_zero() -> None:
    assert energy(None, "CPU", None, Rates(watts=15.0, price_per_kwh=1.0)) is None
    found = known(energy(replace(USED, answers=0, completion_tokens=None), "CPU", None, Rates(price_per_kwh=1.0)))
    assert (found.joules_per_token, found.joules_per_answer, found.cost_per_million_tokens) == (None, None, None)
    silent = (*USED.meters, replace(CARD_USE, idle_w=None))
    assert known(energy(replace(USED, meters=silent), "GPU", None, Rates())).idle_w is None


def test_energy_below_the_idle_power_is_none_of_the_tokens() -> None:
    quiet = replace(USED, meters=(replace(USED.meters[0], joules=80.0),))
    assert known(energy(quiet, "CPU", None, Rates())).joules_per_token_above_idle == 0.0


def reading(at_s: float, joules: dict[Meter, float] | None = None, gpu: float | None = None) -> Reading:
    return Reading(at_s=at_s, active=True, cpu_s=at_s / 2, joules=joules or {}, gpu_percent=gpu, gpu_memory_mb=gpu)


def test_a_stretch_sums_up_its_readings() -> None:
    first, second, third = (
        reading(1.0, {PACKAGE: 5.0, CARD: 1.0}, gpu=20.0),
        reading(2.0, {PACKAGE: 15.0, CARD: 2.0}, gpu=40.0),
        reading(4.0, {PACKAGE: 45.0}, gpu=None),
    )
    idle = Use().plus(reading(0.0, {PACKAGE: 1.0}), reading(0.5, {PACKAGE: 2.0}))
    found = telemetry(idle, Use().plus(first, second).plus(second, third), answers=3, completion_tokens=7, cores=2)
    assert found == Telemetry(
        seconds=3.0,
        answers=3,
        completion_tokens=7,
        cpu_percent=25.0,
        gpu_percent=36.7,  # 30 % for one second, 40 % for two
        gpu_memory_mb=40.0,
        # The card's meter missed a reading: its energy is not known.
        meters=(MeterUse(kind="cpu", name="package-0", joules=40.0, idle_w=2.0),),
    )


def test_no_time_is_no_telemetry() -> None:
    assert telemetry(Use(), Use(), answers=0, completion_tokens=0, cores=2) is None


def test_a_model_whose_requests_all_fail_at_once_took_no_time_that_anything_could_be_divided_by() -> None:
    moment = Use().plus(reading(1.0, {PACKAGE: 5.0}), reading(1.0004, {PACKAGE: 5.1}))
    found = telemetry(Use(), moment, answers=0, completion_tokens=0, cores=2)
    assert energy(found, "CPU", None, Rates(watts=15.0)) is None
