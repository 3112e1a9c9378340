import pytest

from foundry_bench.values.names import short_names


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["gguf:/home/ada/models/a.gguf", "phi"], ["gguf:a.gguf", "phi"]),
        (["gguf:/one/a.gguf", "gguf:/two/a.gguf"], ["gguf:/one/a.gguf", "gguf:/two/a.gguf"]),
        ([r"gguf:C:\models\a.gguf", "gguf:~/b.gguf"], ["gguf:a.gguf", "gguf:b.gguf"]),
        (["lab:meta/llama", "phi:4", "mine"], ["lab:meta/llama", "phi:4", "mine"]),
        (["two\nlines"], ["two lines"]),
    ],
)
def test_a_path_is_its_file_s_name_where_that_is_unique(names: list[str], shown: list[str]) -> None:
    assert list(short_names(names).values()) == shown
