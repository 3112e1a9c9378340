"""Cuts the parts of an answer into its lines as they come."""

from collections.abc import Callable


class Lines:
    """Hands each whole line on; what follows the last line break stays until there is another."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next part."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(line.decode("utf-8", "replace"))
