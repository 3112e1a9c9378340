import pytest

from foundry_bench.tui.flow import Flow
from foundry_bench.tui.widgets.safe_text import safe_lines

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
