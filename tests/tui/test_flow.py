import pytest
from rich.cells import cell_len

from foundry_bench.tui.flow import Flow


def lines(*pieces: str, width: int = 10, height: int = 4) -> list[str]:
    flow = Flow(width, height)
    for piece in pieces:
        flow.feed(piece)
    return list(flow.lines)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["one two three"], ["one two", "three"]),
        (["one", " two", " thr", "ee"], ["one two", "three"]),
        (["abcdefghijklm"], ["abcdefghij", "klm"]),
        (["a\nb\n\nc"], ["a", "b", "", "c"]),
        (["1\n2\n3\n4\n5"], ["2", "3", "4", "5"]),
        (["  indented"], ["indented"]),
        (["日本語の文字です"], ["日本語の文", "字です"]),
        (["[red]x[/]"], ["[red]x[/]"]),
        (["a\x1b[2Jb\x07\x9bc\u202ed\ud800"], ["a[2Jbcd"]),
        (["a\tb"], ["a   b"]),
        (["a\r\nb"], ["a", "b"]),
    ],
)
def test_lines(pieces: list[str], expected: list[str]) -> None:
    assert lines(*pieces) == expected


def test_without_room_for_another_line_half_of_them_go_at_once_where_that_is_wanted() -> None:
    flow = Flow(10, 4, jumps=True)
    seen = []
    for number in range(8):
        flow.feed(f"{number}\n")
        seen.append((flow.gone, list(flow.lines)))
    assert seen[2] == (0, ["0", "1", "2", ""])
    assert seen[3] == (2, ["2", "3", ""])
    assert seen[4] == (2, ["2", "3", "4", ""])
    assert seen[5] == (4, ["4", "5", ""])


def test_what_was_fed_into_full_lines_is_the_same_with_and_without_jumps() -> None:
    jumping, scrolling = Flow(12, 6, jumps=True), Flow(12, 6)
    for word in ("alpha", "beta", "\n", "gamma delta", " ", "epsilon") * 9:
        jumping.feed(word)
        scrolling.feed(word)
        assert list(scrolling.lines)[-len(jumping.lines) :] == list(jumping.lines)


def test_a_megabyte_on_one_line_is_bounded() -> None:
    flow = Flow(40, 10)
    flow.feed("x" * 1_000_000)
    assert len(flow.lines) == 10
    assert all(cell_len(line) <= 40 for line in flow.lines)


def test_marks_without_a_width_do_not_pile_up() -> None:
    flow = Flow(10, 3)
    flow.feed("a" + "\u0301" * 10_000)
    assert all(len(line) <= 40 for line in flow.lines)


def test_right_to_left_and_emoji_stay_within_the_width() -> None:
    flow = Flow(12, 5)
    flow.feed("שלום עולם 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦 مرحبا بالعالم 🇫🇷🇫🇷🇫🇷🇫🇷🇫🇷")
    assert all(cell_len(line) <= 12 for line in flow.lines)
