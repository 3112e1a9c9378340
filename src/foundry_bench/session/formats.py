"""The formats of reports: the ending of a file's name, and what it is in words. Nothing heavy is imported here."""

from collections.abc import Mapping

FORMATS: Mapping[str, str] = {
    "md": "Markdown, for people",
    "html": "HTML, one page with charts",
    "csv": "CSV, one row per model",
    "samples.csv": "CSV, one row per request",
    "json": "JSON, for programs",
}
# What --format takes; --samples makes the other one.
NAMES = tuple(name for name in FORMATS if "." not in name)
