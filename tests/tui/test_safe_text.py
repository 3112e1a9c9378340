import pytest
from rich.cells import cell_len

from factories import make_model, make_plan, make_run, make_view
from foundry_bench.tui.display import UNICODE, Display
from foundry_bench.tui.drawn.cache_use import CacheUse, cache_use
from foundry_bench.tui.drawn.download_lines import download_lines
from foundry_bench.tui.drawn.progress_lines import Board, progress_lines
from foundry_bench.tui.drawn.results_columns import rows
from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.flow import Flow
from foundry_bench.values.folding import begin
from foundry_bench.values.transfer import Transfer

WOMAN, GIRL, FLAG, RAINBOW = "\U0001f469", "\U0001f467", "\U0001f3f3", "\U0001f308"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{WOMAN}\u200d{WOMAN}\u200d{GIRL}", WOMAN + WOMAN + GIRL),
        (f"{FLAG}\ufe0f\u200d{RAINBOW}", FLAG + RAINBOW),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # Devanagari: what joins letters stays
    ],
)
def test_joined_emoji_are_shown_one_by_one(text: str, shown: str) -> None:
    assert safe_lines(text) == shown
    flow = Flow(20, 2)
    flow.feed(text)
    assert list(flow.lines) == [shown]


WIDE = "\u6a21\u578b" * 20  # each takes two columns of the terminal


def test_a_name_of_wide_characters_takes_the_columns_of_any_other() -> None:
    board = Board(now_s=0.0, width=72, height=9, glyphs=UNICODE, memory_mb=1.0)
    _, wide, plain = progress_lines(begin(make_plan(models=(WIDE, "m")), 0.0), board)
    assert wide.cell_len == plain.cell_len
    assert "…" in wide.plain
    _, wide, plain, *_ = cache_use(CacheUse(folder="", models=[(WIDE, 1.0), ("m", 1.0)]), UNICODE, 40).split("\n")
    assert wide.cell_len == plain.cell_len
    wide, plain = download_lines([Transfer(name=WIDE), Transfer(name="m")], 40).split("\n")
    assert wide.cell_len == plain.cell_len


def test_of_a_long_name_in_the_results_both_ends_are_shown() -> None:
    view = make_view(make_run(models=(make_model(name=f"a{WIDE}z"),)))
    ((_, cells),) = rows(view, ("model", "n"), Display(), 26)
    assert (cells[0].plain[0], cells[0].plain[-1]) == ("a", "z")
    assert cell_len(cells[0].plain) == 21
