"""Tables for a terminal."""

from foundry_bench.session.tables import Column, Table, as_text


def test_columns_stand_below_each_other_where_characters_take_two_cells() -> None:
    table = Table((Column("Model", figures=False), Column("MB")), [("模型", "1"), ("phi", "22")])
    assert as_text(table) == "Model  MB\n模型    1\nphi    22"
