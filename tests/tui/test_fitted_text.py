import pytest

from foundry_bench.tui.drawn.units_kept import units_kept


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("at worst 14 %", 12, ["at worst", "14 %"]),
        ("at worst 14 %", 13, ["at worst 14 %"]),
        ("took 3 ms more\nthan 2 answers", 7, ["took", "3 ms", "more", "than 2", "answers"]),
        ("! of 5 models\n\nnone", 40, ["! of 5 models", "", "none"]),
        ("phi-4-mini-instruct: 9 %", 12, ["phi-4-mini-i", "nstruct: 9 %"]),
        ("not laid out yet", 0, ["not laid out yet"]),
        ("", 10, [""]),
    ],
)
def test_lines_part_no_number_from_its_unit(text: str, width: int, lines: list[str]) -> None:
    assert units_kept(text, width).plain.split("\n") == lines
