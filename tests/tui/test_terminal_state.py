"""What is sent in place of what was written leaves a terminal, here pyte's, with the same cells."""

import itertools
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, set_cell_size

from driving import make_app, running
from foundry_bench.tui.styles import change_of_style
from foundry_bench.tui.terminal_state import TerminalState
from pseudo_terminal import application, read_until, resize

WIDTH, HEIGHT = 12, 4
STYLES = (
    "1",
    "2;3",
    "1;31",
    "31;1",
    "5;6",
    "6",
    "1;4;21",
    "38;2;1;2;3;48;2;4;5;6",
    "1;38;2;1;2;3;48;2;4;5;6",
    "7;31",
    "38;5;9;44",
    "4;9;97;100",
)


def batched(pieces: list[str], count: int) -> Iterator[list[str]]:
    for first in range(0, len(pieces), count):
        yield pieces[first : first + count]


def at(row: int, column: int, *parts: tuple[str, str]) -> str:
    drawn = "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in parts)
    return f"\x1b[{row + 1};{column + 1}H{drawn}\x1b[1;1H"


def cells(screen: Any) -> list[list[Any]]:
    return [[screen.buffer[row][column] for column in range(screen.columns)] for row in range(screen.lines)]


def played(width: int, height: int, *writes: str) -> tuple[int, int]:
    """Feed one terminal with all, the other with what is spared, compare them each time; bytes written and sent."""
    whole, spared, state = pyte.Screen(width, height), pyte.Screen(width, height), TerminalState()
    all_of_it, part = pyte.Stream(whole), pyte.Stream(spared)
    state.forget(width, height)
    for write in writes:
        all_of_it.feed(write)
        part.feed(state.sparing(write))
        assert cells(spared) == cells(whole)
        # Behind the last column a cursor waits to begin a line; what is drawn next begins with a move.
        assert (spared.cursor.x, spared.cursor.y) == (min(whole.cursor.x, width - 1), whole.cursor.y)
    return sum(len(write.encode()) for write in writes), state.bytes_sent


def blank(columns: int) -> TerminalState:
    """Of a terminal of one row that shows nothing, with the cursor at its beginning."""
    state = TerminalState()
    state.forget(columns, 1)
    state.sparing(at(0, 0, (" " * columns, "")))
    return state


PLAIN = st.text(st.sampled_from("ab c─█⠿"), min_size=1, max_size=WIDTH)
ANY = st.text(st.sampled_from("ab 日語カ●é✓"), min_size=1, max_size=WIDTH)
PIECE = st.tuples(PLAIN, st.sampled_from(("", *STYLES)))


@st.composite
def part_of_a_row(draw: st.DrawFn) -> str:
    """A stretch, as Textual draws a region."""
    text, style = draw(PIECE)
    column = draw(st.integers(0, WIDTH - 1))
    return at(draw(st.integers(0, HEIGHT - 2)), column, (text[: WIDTH - column], style))


@st.composite
def whole_last_row(draw: st.DrawFn) -> str:
    """The one row that holds wide characters, always drawn whole."""
    text, style = draw(ANY), draw(st.sampled_from(("", *STYLES)))
    return at(HEIGHT - 1, 0, (set_cell_size(text, WIDTH), style))


@given(st.lists(st.one_of(part_of_a_row(), whole_last_row()), max_size=12))
def test_any_writes_leave_the_same_cells(writes: list[str]) -> None:
    played(WIDTH, HEIGHT, *(at(row, 0, (" " * WIDTH, "")) for row in range(HEIGHT)), *writes)


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(("", *STYLES), 2)))
def test_a_style_is_changed_in_as_little_as_it_takes(before: str, after: str) -> None:
    played(4, 1, at(0, 0, ("abcd", before)), at(0, 0, ("ab", before), ("cd", after)))
    assert len(change_of_style(before, after)) <= len(f"\x1b[0;{after}m")


def test_what_is_there_already_is_not_sent_again() -> None:
    state, row = blank(20), at(0, 0, ("hello", "1"), (" world", ""))
    assert "hello" in state.sparing(row)
    assert state.sparing(row) == ""
    assert state.sparing(at(0, 0, ("hello", "1"), (" there", ""))) == "\x1b[6Cthere\x1b[1;1H"


def test_of_a_terminal_of_which_nothing_is_known_nothing_is_spared() -> None:
    state, row = TerminalState(), at(0, 0, ("hello", "1"))
    assert (state.sparing(row), state.sparing(row)) == (row, row)
    assert state.bytes_sent == 2 * len(row)


@pytest.mark.parametrize("other", ["\x1b[?1049h", "\x1b[2J", "\x1b[3;4r", "\x1bM", "\x1b[2K", "a\tb"])
def test_after_what_may_change_any_cell_all_is_sent(other: str) -> None:
    state, row = TerminalState(), at(0, 0, ("hello", "1"))
    state.forget(20, 2)
    state.sparing(row)
    assert state.sparing(other) == other
    assert "hello" in state.sparing(row)


@pytest.mark.parametrize("other", ["\x1b[?2026h", "\x1b[?25l", "\x1b]22;pointer\x07", "\x1b]52;c;YQ==\x07", "\x1b[>1u"])
def test_what_changes_no_cell_goes_through_in_its_place(other: str) -> None:
    state, row = blank(20), at(0, 0, ("hello", ""))
    assert state.sparing(row + other) == "hello" + other + "\x1b[1;1H"
    assert state.sparing(other + row) == other


def test_a_sequence_that_is_cut_goes_on_with_the_next_write() -> None:
    whole = at(1, 2, ("one", STYLES[2])) + at(1, 2, ("two", STYLES[3]))
    for place in range(len(whole)):
        state, screen = TerminalState(), pyte.Screen(WIDTH, HEIGHT)
        state.forget(WIDTH, HEIGHT)
        for write in (whole[:place], whole[place:]):
            pyte.Stream(screen).feed(state.sparing(write))
        assert screen.display[1] == "  two".ljust(WIDTH)
        assert screen.buffer[1][2].bold


def test_leaving_the_application_s_screen_moves_no_cursor() -> None:
    state = blank(20)
    assert [state.sparing(one) for one in ("\x1b[?1049l", "\x1b[?25h")] == ["\x1b[?1049l", "\x1b[?25h"]


def test_what_goes_on_in_the_style_of_the_write_before_keeps_it() -> None:
    state, screen = blank(8), pyte.Screen(8, 1)
    for write in ("\x1b[1;2H\x1b[1mab", "cd\x1b[2J\x1b[1;2Hef", "gh\x1b[0m"):
        pyte.Stream(screen).feed(state.sparing(write))
    assert screen.display == [" efgh   "]
    assert all(screen.buffer[0][column].bold for column in range(1, 5))
    assert not screen.cursor.attrs.bold


def test_half_of_a_wide_character_does_not_stay() -> None:
    state = blank(8)
    state.sparing(at(0, 0, ("日本 ab ", "")))
    assert state.sparing(at(0, 1, ("x", ""))) == " x\x1b[1;1H"


def test_signs_whose_width_terminals_disagree_on_move_nothing_after_them() -> None:
    assert blank(8).sparing(at(0, 0, ("✓ab日c", ""))) == "✓\x1b[1;2Hab日c\x1b[1;1H"
    assert cell_len("✓") == 1


def test_after_all_was_sent_a_write_that_begins_in_the_midst_is_sent_whole_too() -> None:
    state = blank(20)
    assert state.sparing("\x1b[1;1H\x1b[1mone\x1b[2J") == "\x1b[1;1H\x1b[1mone\x1b[2J"
    assert state.sparing("two\x1b[0m\x1b[1;1H") == "two\x1b[0m\x1b[1;1H"
    assert state.sparing(at(0, 0, ("three", ""))) == "\x1b[1;1H\x1b[mthree\x1b[1;1H"


@pytest.mark.parametrize("text", ["\U0001f469\u200d\U0001f467 a", "\u0301ab"])
def test_text_of_unknown_width_is_sent_whole(text: str) -> None:
    state, written = blank(20), at(0, 0, (text, ""))
    assert [state.sparing(written), state.sparing(written)] == [written, written]


def test_the_application_on_a_terminal(tmp_path: Path) -> None:
    """All that it writes on its way through some modes, played anew."""
    with application(tmp_path) as (_app, master, opened):
        written = opened
        for keys, shows in (("gh", "Status"), ("gs", "Sections"), ("?", "Everywhere"), ("\r", ""), ("gr", "Summary")):
            os.write(master, keys.encode())
            written += read_until(master, shows)
    drawn = written.decode(errors="ignore").split("\x1b[?1049h")[-1]
    _setting_up, *pieces, _cut = re.split("(?=\x1b\\[[0-9]+;[0-9]+H)", drawn)
    writes = ["".join(some) for some in batched(pieces, 20)]
    wrote, sent = played(80, 24, *writes)
    assert sent < wrote / 3


@pytest.mark.presses(FoundryBenchApp="ctrl+l")
async def test_the_key_that_draws_all_anew_forgets_what_a_slow_line_s_terminal_shows(tmp_path: Path) -> None:
    app = make_app(tmp_path, display={"low_bandwidth": True})
    async with running(app) as driver:
        app.terminal.forget(20, 2)
        row = at(0, 0, ("hello", "1"))
        assert "hello" in app.terminal.sparing(row)
        assert "hello" not in app.terminal.sparing(row)
        await driver.press("ctrl+l")
        assert "hello" in app.terminal.sparing(row)


def test_on_a_slow_line_a_key_or_another_size_has_all_sent_again(tmp_path: Path) -> None:
    with application(tmp_path, "--low-bandwidth") as (app, master, _):
        read_until(master, "by name")
        os.write(master, b"c")
        assert b"Details" not in read_until(master, "on disk")
        os.write(master, b"\x0c")
        read_until(master, "Models", "Details", "by name")
        resize(master, 100, 30)
        app.send_signal(signal.SIGWINCH)  # the system sends it where the terminal is the process's own
        read_until(master, "Models", "Details", "by name")
