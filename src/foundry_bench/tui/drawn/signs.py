"""The characters that judge a figure, so that colour alone never has to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """Each is one column wide."""

    best: str
    up: str
    down: str
    unclear: str
    caution: str
    outlier: str
    star: str
    no_star: str

    def stars(self, score: float) -> str:
        """A score from 1 to 5 as five stars."""
        full = int(score + 0.5)  # half up, where round() goes to the even one
        return f"{self.star * full}{self.no_star * (5 - full)}"


UNICODE_SIGNS = Signs("◆", "▲", "▼", "≈", "!", "◇", "★", "☆")
ASCII_SIGNS = Signs("*", "^", "v", "~", "!", "o", "*", ".")


def signs(*, ascii_only: bool) -> Signs:
    """Those for this terminal."""
    return ASCII_SIGNS if ascii_only else UNICODE_SIGNS
