"""A hook of MkDocs: the build fails where a page would load anything from another place than the site itself."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|icon|preload|preconnect))[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|@import\s+["']((?:https?:)?//[^"']+)|url\(["']?((?:https?:)?//[^"')]+)"""
)


def on_post_build(config: Mapping[str, Any]) -> None:
    """Look through what was built.

    Raises:
        PluginError: names the first file, with what it would load.
    """
    for file in sorted(Path(config["site_dir"]).rglob("*")):
        if file.suffix in {".html", ".css", ".svg"} and (found := _LOADED.search(file.read_text("utf-8"))):
            raise PluginError(f"{file}: would load {next(filter(None, found.groups()))}; keep it in docs/")
