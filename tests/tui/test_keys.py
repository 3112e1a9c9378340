import pytest

from foundry_bench.tui.keys import action_ids, read_keys
from foundry_bench.tui.modes import MODE_NAMES
from foundry_bench.values.errors import InputError

ACTIONS = {"quit", "help", "models.mark"}


@pytest.mark.parametrize("key", ["d", "D", "?", "+", "f5", "ctrl+d", "space", "enter", "shift+f6", "alt+x"])
def test_keys_that_a_terminal_sends(key: str) -> None:
    assert read_keys({"quit": key}, ACTIONS) == {"quit": key}


def test_several_keys() -> None:
    assert read_keys({"quit": "Q, ctrl+d"}, ACTIONS) == {"quit": "Q,ctrl+d"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"qiut": "Q"}, r"action 'qiut' is not known; did you mean 'quit'\?"),
        ({"quit": "banana"}, "quit must be a key such as"),
        ({"quit": "hyper+x"}, "quit must be a key"),
        ({"quit": ""}, "quit must be a key"),
        ({"quit": "ctrl+i"}, "terminals send another key"),
        ({"quit": "ctrl+3"}, "terminals send another key"),
    ],
)
def test_others_are_refused_in_one_line(keys: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_keys(keys, ACTIONS)
    assert "\n" not in str(refused.value)


def test_the_ids_of_all_screens() -> None:
    assert action_ids(MODE_NAMES) >= {"quit", "help", "go_to", "models.mark", "run.start", "run.pause", "pane.next"}
