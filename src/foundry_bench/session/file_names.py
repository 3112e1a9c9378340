"""Names that files and folders may have on every system."""

import re


def is_reserved(name: str) -> bool:
    """Whether Windows takes a file of this name for a device, whatever ending it has."""
    return re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE) is not None


def slug(name: str) -> str:
    """A name as part of a file's name: short, lower case, with nothing that any system forbids."""
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower())[:40].strip("-.") or "models"
    return f"model-{slug}" if is_reserved(slug) else slug
