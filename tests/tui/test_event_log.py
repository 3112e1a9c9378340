import pytest
from textual.app import App, ComposeResult

from driving import screen_text
from foundry_bench.tui.display import Display
from foundry_bench.tui.widgets.event_log import EventLog
from foundry_bench.values.snapshot import LogLine

ALL = tuple(LogLine(at_s=0, text=f"line {number}") for number in range(20))


class Host(App[None]):
    CSS = "EventLog { height: 4; }"

    def __init__(self, options: Display) -> None:
        super().__init__()
        self.options = options

    def compose(self) -> ComposeResult:
        yield EventLog(self.options, id="lines")


async def shown(options: Display, *steps: tuple[tuple[LogLine, ...], int]) -> list[list[str]]:
    """The numbers of the lines on the screen after each step of (lines that are kept, how many there ever were)."""
    app, seen = Host(options), []
    async with app.run_test(size=(30, 6)) as pilot:
        for log, logged in steps:
            app.query_one(EventLog).follow(log, logged)
            await pilot.pause()
            seen.append([line.split()[-1] for line in screen_text(app).splitlines() if "line" in line])
    return seen


@pytest.mark.parametrize(
    ("low_bandwidth", "expected"),
    [
        (False, [["0", "1", "2"], ["0", "1", "2", "3"], ["1", "2", "3", "4"], ["2", "3", "4", "5"]]),
        (True, [["0", "1", "2"], ["0", "1", "2", "3"], ["3", "4"], ["3", "4", "5"]]),
    ],
)
async def test_it_follows_line_by_line_or_by_half_pages(low_bandwidth: bool, expected: list[list[str]]) -> None:
    steps = [(ALL[:count], count) for count in (3, 4, 5, 6)]
    assert await shown(Display(low_bandwidth=low_bandwidth), *steps) == expected


@pytest.mark.parametrize("low_bandwidth", [False, True])
async def test_another_benchmark_begins_its_own(low_bandwidth: bool) -> None:
    seen = await shown(Display(low_bandwidth=low_bandwidth), (ALL, 20), (ALL[:1], 1), (ALL[:3], 3))
    assert seen[1:] == [["0"], ["0", "1", "2"]]


@pytest.mark.parametrize("low_bandwidth", [False, True])
async def test_of_a_log_that_keeps_its_end_alone_the_newest_are_there(low_bandwidth: bool) -> None:
    steps = [(ALL[:5], 5), (ALL[10:], 20)]
    *_, last = await shown(Display(low_bandwidth=low_bandwidth), *steps)
    assert last[-1] == "19"
    assert last == [str(number) for number in range(20 - len(last), 20)]
