"""The themes that the application can wear, and what becomes of the file of the one that it wears."""

from pathlib import Path
from typing import TYPE_CHECKING

from textual.theme import Theme

from foundry_bench.tui.themes import find_theme, read_theme, read_themes, theme_files
from foundry_bench.values.errors import InputError

if TYPE_CHECKING:
    from foundry_bench.tui.app import FoundryBenchApp

_State = tuple[Path, int, int]  # a file, when it was written (ns), its bytes


class Wardrobe:
    """Makes themes known to ``app``; ``own`` is the user's folder of them."""

    def __init__(self, app: "FoundryBenchApp", own: Path | None) -> None:
        self._app = app
        self._own = own
        self._given: Path | None = None  # the file that was asked for last, which may lie anywhere
        self._seen: _State | None = None

    def take(self, name: str) -> str:
        """Read the theme of this name, or in this file; returns its name.

        Raises:
            InputError: there is none, or it can't be used.
        """
        file = find_theme(name, self._own)
        theme = read_theme(file)
        self._given, self._seen = file, _state(file)
        self._app.register_theme(theme)
        return theme.name

    def names(self) -> tuple[list[str], list[str]]:
        """The names of all themes that lie in folders, and what hinders the use of others."""
        themes, problems = read_themes(theme_files(self._own).values())
        for theme in themes:
            self._app.register_theme(theme)
        return sorted(theme.name for theme in themes), problems

    def wear_next(self) -> None:
        """Wear the theme after the one in use, by name."""
        (names, problems), app = self.names(), self._app
        app.theme = names[(names.index(app.theme) + 1) % len(names)] if app.theme in names else names[0]
        if problems:
            app.notify(problems[0], severity="error")
        else:
            app.notify(f"theme: {app.theme}")

    def look(self) -> None:
        """Wear the theme in use as its file is now; what can't be used in it is told once for each of its states."""
        try:
            theme = self._changed()
        except InputError as error:
            self._app.notify(str(error), severity="error", timeout=15)
        else:
            if theme:
                self._app.register_theme(theme)
                self._app.refresh_css(animate=False)

    def _changed(self) -> Theme | None:
        name, file = self._app.theme, self._given
        if file is None or name != file.stem:
            file = theme_files(self._own).get(name, file)
        before, self._seen = self._seen, _state(file) if file else None
        if self._seen is None or before is None or self._seen[0] != before[0] or self._seen == before:
            return None
        return read_theme(self._seen[0])


def _state(file: Path) -> _State | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return file, status.st_mtime_ns, status.st_size
