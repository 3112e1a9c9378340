"""What a rater said and the disk did not take yet: tried again with each next word, whichever run it is of."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic

from foundry_bench.tui.rating_round import Said
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line


class Unsaved(Generic[Said]):
    """``save`` and ``remove`` write to a run's folder, and raise OSError or InputError where they can't."""

    def __init__(self, save: Callable[[Path, Said], None], remove: Callable[[Path, Said], None]) -> None:
        self._save = save
        self._remove = remove
        self._waiting: list[tuple[Path, Said]] = []

    def of(self, path: Path) -> tuple[Said, ...]:
        """What waits for the run in the folder ``path``."""
        return tuple(said for run, said in self._waiting if run == path)

    def keep(self, path: Path, said: Said) -> str:
        """Write it in its turn; it stays in memory until that works.

        Returns:
            What hinders it; empty where all is on the disk.
        """
        self._waiting = [*self._without(path, said), (path, said)]
        try:
            while self._waiting:
                self._save(*self._waiting[0])
                self._waiting.pop(0)
        except (OSError, InputError) as error:
            return f"{len(self._waiting)} not saved, tried again with the next: {one_line(str(error))}"
        return ""

    def take_back(self, path: Path, said: Said) -> str:
        """Remove it from the disk and from what waits; returns what hinders that, and then all is as it was."""
        try:
            self._remove(path, said)
        except (OSError, InputError) as error:
            return f"not undone: {one_line(str(error))}"
        self._waiting = self._without(path, said)
        return ""

    def _without(self, path: Path, said: Said) -> list[tuple[Path, Said]]:
        return [(run, other) for run, other in self._waiting if (run, other.subject) != (path, said.subject)]
