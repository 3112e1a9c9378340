"""Notices that the file of the theme in use was written anew."""

from pathlib import Path

from textual.theme import Theme

from foundry_bench.tui.themes import read_theme, theme_files


class ThemeWatch:
    """Remembers the file of the theme in use as it was when it was last looked at.

    Args:
        own: the user's folder of themes.
        path: the file that the application was started with, which may lie anywhere.
    """

    def __init__(self, own: Path | None, path: Path) -> None:
        self._own = own
        self._given = path
        self._seen = _state(path)

    def changed(self, name: str) -> Theme | None:
        """The theme called ``name`` where its file is no longer what it was; None where it is, or is gone.

        Raises:
            InputError: with what can't be used in it; told once for each state of the file.
        """
        path = self._given if name == self._given.stem else theme_files(self._own).get(name, self._given)
        before, self._seen = self._seen, _state(path)
        if self._seen is None or before is None or self._seen[0] != before[0] or self._seen == before:
            return None
        return read_theme(path)


def _state(path: Path) -> tuple[Path, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_size
