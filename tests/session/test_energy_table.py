"""Energy in tables and words."""

from dataclasses import replace

from factories import make_failed_model, make_model, make_run, make_view
from foundry_bench.session.energy_table import energy_table, energy_words
from foundry_bench.session.reports import render, results_table
from foundry_bench.values.energy import Rates, energy
from foundry_bench.values.telemetry import MeterUse, Telemetry

USED = Telemetry(
    seconds=10.0,
    answers=4,
    completion_tokens=200,
    cpu_percent=51.3,
    gpu_percent=12.0,
    gpu_memory_mb=1500.0,
    meters=(MeterUse(kind="cpu", name="package-0", joules=130.0, idle_w=5.0),),
)
MODEL = make_model(telemetry=USED, energy=energy(USED, "CPU", None, Rates(price_per_kwh=0.3, currency="=EUR|")))
RUN = make_run(models=(MODEL, make_failed_model()))


def test_a_row_for_each_model_that_ran_here() -> None:
    table = energy_table(RUN)
    assert [column.heading for column in table.columns][4:9] == [
        "Power",
        "J/token",
        "Above idle",
        "J/answer",
        "Cost/M tokens",
    ]
    assert table.rows == [
        (
            "smollm2-135m",
            "51 %",
            "12 %",
            "1.50 GB",
            "13.0 W",
            "650 mJ",
            "400 mJ",
            "32.5 J",
            "0.0542 =EUR|",
            "measured: package-0",
        )
    ]


def test_words_say_how_the_energy_is_known() -> None:
    assert energy_words(MODEL) == (
        "CPU 51 %, GPU 12 %, GPU memory 1.50 GB, 13.0 W, 650 mJ a token (measured: package-0), "
        "0.0542 =EUR| a million tokens"
    )
    assert energy_words(replace(MODEL, energy=None)) == "CPU 51 %, GPU 12 %, GPU memory 1.50 GB"
    assert not energy_words(make_failed_model())
    assert "smollm2-135m: CPU 51 %" in results_table(RUN)


def test_a_report_holds_the_table_and_what_it_means() -> None:
    report = render([make_view(RUN)], "md")
    assert r"| 13.0 W | 650 mJ | 400 mJ | 32.5 J | 0.0542 =EUR\| | measured: package-0 |" in report
    assert "**J/token**: energy / completion tokens" in report
    assert "### Energy" not in render([make_view()], "md")
    assert "<td>measured: package-0</td>" in render([make_view(RUN)], "html")


def test_a_spreadsheet_gets_full_figures() -> None:
    heading, row, _ = render([make_view(RUN)], "csv").split("\r\n")[:3]
    cells = dict(zip(heading.split(","), row.split(","), strict=True))
    assert cells["energy.joules_per_token"] == "0.65"
    assert cells["energy.currency"] == "'=EUR|"
    assert cells["telemetry.cpu_percent"] == "51.3"
