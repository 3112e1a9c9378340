"""Names of models for the narrow column of a table."""

import re
from collections import Counter
from collections.abc import Iterable

from foundry_bench.values.format import one_line

_PATH = re.compile(r"([\w.-]+:)(?:/|~|\.{1,2}[/\\]|[A-Za-z]:[/\\]).*[/\\]([^/\\]+)")


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Each name in one line; of weights that are a path (``gguf:/models/a.gguf``) the file's name, where unique."""
    found = {name: one_line("".join(path) if (path := _parts(name)) else name) for name in names}
    often = Counter(found.values())
    return {name: short if often[short] == 1 else one_line(name) for name, short in found.items()}


def _parts(name: str) -> tuple[str, ...]:
    path = _PATH.fullmatch(name)
    return path.groups() if path else ()
