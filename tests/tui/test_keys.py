import re
from pathlib import Path

import pytest

from driving import make_app, running
from foundry_bench.tui.keys import action_ids, read_keys
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
        ({"zzz": "Q"}, "action 'zzz' is not known; known are help, models.mark, quit$"),
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


def test_every_name_that_the_documentation_tells_can_be_used() -> None:
    told = (Path(__file__).parents[2] / "docs" / "reference" / "keys.md").read_text("utf-8")
    assert set(re.findall(r"\| `([a-z_.]+)` \|$", told, re.MULTILINE)) == action_ids()


async def test_a_screen_that_no_mode_is_obeys_the_chosen_key(tmp_path: Path) -> None:
    keys = read_keys({"hosts": "f5", "back": "B"}, action_ids())
    async with running(make_app(tmp_path, display={"keys": keys})) as driver:
        await driver.press("g", "r", "f5")
        await driver.shows("no cluster is named")
        await driver.press("B")
        await driver.shows("Summary")
